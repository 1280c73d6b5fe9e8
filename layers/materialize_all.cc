#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "layers/layer_store.h"

namespace ibuild::layers {

namespace {

/// Each layer has a transfer, an inflating and a hashing thread of its own; more layers at a time
/// gain nothing and cost memory and connections.
constexpr std::size_t kMaxAtOnce = 4;

bool is_complete(const Forms& wanted, const Forms& present) {
  return (present.index || !wanted.index) && (present.tree || !wanted.tree) &&
         (present.tar || !wanted.tar) && (present.blob || !wanted.blob);
}

}  // namespace

void LayerStore::materialize_all(const LayerChain& chain, Forms wanted,
                                 std::stop_token stop) const {
  std::vector<const Layer*> missing;
  for (const Layer& layer : chain) {
    if (!is_complete(wanted, present(layer))) missing.push_back(&layer);
  }
  if (missing.size() == 1) return materialize(*missing.front(), wanted, std::move(stop));
  std::stop_source own_stop;
  const std::stop_callback forward(stop, [&] { own_stop.request_stop(); });
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;  // the first; guarded by mutex
  auto work = [&] {
    for (std::size_t i; (i = next++) < missing.size();) {
      try {
        materialize(*missing[i], wanted, own_stop.get_token());
      } catch (...) {
        const std::scoped_lock lock(mutex);
        if (!failure) failure = std::current_exception();
        own_stop.request_stop();
        return;
      }
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < std::min(kMaxAtOnce, missing.size()); ++i) threads.emplace_back(work);
  threads.clear();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace ibuild::layers
