#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "registry/auth/token.h"

namespace ibuild::registry {

/// Tokens by what they are good for, fetched once however many threads ask. Thread: any.
class TokenCache {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;
  explicit TokenCache(Now now = std::chrono::steady_clock::now) : now_(std::move(now)) {}

  struct Found {
    std::string value;
    bool fetched_now = false;  // not from an earlier request
  };
  using Fetch = std::function<Token()>;
  /// The token for `key`, fetched when there is none or it is about to expire.
  /// Throws: what `fetch` throws; base::CancelledError.
  Found get(const std::string& key, const Fetch& fetch, std::stop_token stop);
  /// Forgets the token for `key` if it is still `value`: the registry does not take it.
  void forget(const std::string& key, const std::string& value);

 private:
  struct Slot {
    bool fetching = false;
    std::string value;
    std::chrono::steady_clock::time_point expires;
  };

  Now now_;
  std::mutex mutex_;
  std::condition_variable_any fetched_;
  std::map<std::string, Slot> slots_;  // guarded by mutex_; slots stay where they are
};

}  // namespace ibuild::registry
