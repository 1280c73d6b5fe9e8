#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>

#include "registry/registry_client.h"

namespace ibuild::registry {

/// Which failures are tried again (RegistryError::retryable), how often, and after which time.
struct RetryPolicy {
  int max_attempts = 5;
  std::chrono::milliseconds first_delay{
      200};  // doubled each time; each delay is cut by up to half at random
  std::chrono::milliseconds max_delay{10000};
  /// A registry that asks for more patience than this gets none.
  std::chrono::seconds max_retry_after{60};
};

/// As the user wants it.
RetryPolicy retry_policy(const RegistryOptions& options);

/// Waits, or throws base::CancelledError at once when a stop is requested.
using Waiter = std::function<void(std::chrono::milliseconds time, std::stop_token stop)>;
Waiter make_waiter();

/// Runs attempts until one succeeds, one fails for good, or there have been enough. Thread: any.
class Retrier {
 public:
  Retrier(RetryPolicy policy, Waiter wait) : policy_(policy), wait_(std::move(wait)) {}

  /// The same with another number of attempts.
  Retrier with_attempts(int max_attempts) const;

  /// Tells how far a transfer has got, in bytes: attempts that get on do not count as failed.
  using Progress = std::function<std::uint64_t()>;

  template <typename Attempt>
  auto run(std::stop_token stop, Attempt attempt, const Progress& progress = {}) const
      -> decltype(attempt()) {
    std::uint64_t reached = progress ? progress() : 0;
    for (int failed = 1;; ++failed) {
      try {
        return attempt();
      } catch (RegistryError& error) {
        if (progress && progress() >= reached + kProgressBytes) {
          reached = progress();
          failed = 1;
        }
        give_up_or_wait(error, failed, stop);
      }
    }
  }

 private:
  /// This much makes an attempt count as successful as far as it went.
  static constexpr std::uint64_t kProgressBytes = 1 << 20;

  /// Throws `error` when there is no point in another attempt.
  void give_up_or_wait(RegistryError& error, int failed, std::stop_token stop) const;

  RetryPolicy policy_;
  Waiter wait_;
};

}  // namespace ibuild::registry
