#include "registry/retry.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "base/error.h"

namespace ibuild::registry {

namespace {

using std::chrono::milliseconds;

/// Between half of `time` and all of it, so that clients that failed together do not come back
/// together.
milliseconds with_jitter(milliseconds time) {
  std::random_device random;
  return time / 2 + milliseconds(std::uniform_int_distribution<std::int64_t>(
                        0, std::max<std::int64_t>(1, time.count() / 2))(random));
}

}  // namespace

RetryPolicy retry_policy(const RegistryOptions& options) {
  RetryPolicy policy{.max_attempts = options.max_attempts};
  if (options.retry_delay) policy.first_delay = policy.max_delay = *options.retry_delay;
  return policy;
}

Waiter make_waiter() {
  return [](milliseconds time, std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
    if (stop.stop_requested()) throw base::CancelledError();
  };
}

Retrier Retrier::with_attempts(int max_attempts) const {
  Retrier other = *this;
  other.policy_.max_attempts = max_attempts;
  return other;
}

void Retrier::give_up_or_wait(RegistryError& error, int failed, std::stop_token stop) const {
  const bool too_long = error.retry_after() && *error.retry_after() > policy_.max_retry_after;
  if (too_long && error.hint().empty()) {
    error.set_hint("the registry asks to come back in " +
                   std::to_string(error.retry_after()->count()) + " seconds");
  }
  if (!error.retryable() || failed >= policy_.max_attempts || too_long) {
    if (failed > 1) error.add_context("after " + std::to_string(failed) + " attempts");
    throw error;
  }
  milliseconds delay = policy_.first_delay;
  for (int i = 1; i < failed && delay < policy_.max_delay; ++i) delay *= 2;
  delay = with_jitter(std::min(delay, policy_.max_delay));
  if (error.retry_after()) delay = std::max<milliseconds>(delay, *error.retry_after());
  wait_(delay, stop);
}

}  // namespace ibuild::registry
