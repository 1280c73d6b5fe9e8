#include "registry/auth/token_cache.h"

#include "base/error.h"
#include "base/scope_exit.h"

namespace ibuild::registry {

namespace {

/// A token is renewed this long before its end, so that it does not expire on its way.
constexpr std::chrono::seconds kSafetyMargin{15};

}  // namespace

TokenCache::Found TokenCache::get(const std::string& key, const Fetch& fetch,
                                  std::stop_token stop) {
  std::unique_lock lock(mutex_);
  Slot& slot = slots_[key];
  if (!fetched_.wait(lock, stop, [&] { return !slot.fetching; })) throw base::CancelledError();
  if (!slot.value.empty() && now_() < slot.expires) return {slot.value, false};

  slot.fetching = true;
  lock.unlock();
  const base::ScopeExit done([&] {
    if (!lock.owns_lock()) lock.lock();
    slot.fetching = false;
    lock.unlock();
    fetched_.notify_all();
  });
  const Token token = fetch();
  lock.lock();
  slot.value = token.value;
  slot.expires = now_() + token.lifetime - kSafetyMargin;
  return {token.value, true};
}

void TokenCache::forget(const std::string& key, const std::string& value) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(key);
  if (found != slots_.end() && found->second.value == value) found->second.value.clear();
}

}  // namespace ibuild::registry
