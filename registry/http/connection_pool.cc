#include "registry/http/connection_pool.h"

#include "base/error.h"

namespace ibuild::registry {

namespace {

/// Proxies and load balancers close idle connections after a minute or so; older ones are not worth
/// a try.
constexpr std::chrono::seconds kMaxIdleTime{30};

}  // namespace

std::unique_ptr<ConnectionPool::Lease> ConnectionPool::acquire(const std::string& key,
                                                               std::stop_token stop) {
  {
    std::unique_lock lock(mutex_);
    Place& place = places_[key];
    if (!freed_.wait(lock, stop, [&] { return place.in_use < max_per_key_; }) ||
        stop.stop_requested()) {
      throw base::CancelledError();
    }
    ++place.in_use;
  }
  return std::make_unique<Lease>(*this, key, take_idle(key));
}

std::unique_ptr<Connection> ConnectionPool::take_idle(const std::string& key) {
  while (true) {
    Idle candidate;
    {
      const std::lock_guard lock(mutex_);
      std::vector<Idle>& idle = places_[key].idle;
      if (idle.empty()) return nullptr;
      candidate = std::move(idle.back());
      idle.pop_back();
    }
    const bool fresh = std::chrono::steady_clock::now() - candidate.since < kMaxIdleTime;
    if (fresh && candidate.connection->is_quiet()) return std::move(candidate.connection);
  }
}

void ConnectionPool::give_back(const std::string& key, std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    Place& place = places_[key];
    --place.in_use;
    if (connection) {
      place.idle.push_back({std::move(connection), std::chrono::steady_clock::now()});
    }
  }
  freed_.notify_all();
}

}  // namespace ibuild::registry
