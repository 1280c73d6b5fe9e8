#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "registry/http/connection.h"

namespace ibuild::registry {

/// Idle connections by where they lead ("https://host:port"), and a limit on how many are in use
/// there at once. Thread: any.
class ConnectionPool {
 public:
  explicit ConnectionPool(int max_per_key) : max_per_key_(max_per_key) {}

  /// The right to use one connection. Gives it back when destroyed.
  class Lease {
   public:
    Lease(ConnectionPool& pool, std::string key, std::unique_ptr<Connection> idle)
        : connection(std::move(idle)), pool_(pool), key_(std::move(key)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_.give_back(key_, keep_ ? std::move(connection) : nullptr); }

    /// An idle connection to use, or empty: make one.
    std::unique_ptr<Connection> connection;
    /// The connection can serve another request.
    void keep() { keep_ = true; }

   private:
    ConnectionPool& pool_;
    std::string key_;
    bool keep_ = false;
  };

  /// Waits until fewer than the limit are in use. Throws: base::CancelledError.
  std::unique_ptr<Lease> acquire(const std::string& key, std::stop_token stop);

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point since;
  };
  struct Place {
    int in_use = 0;
    std::vector<Idle> idle;
  };

  void give_back(const std::string& key, std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> take_idle(const std::string& key);

  const int max_per_key_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::map<std::string, Place> places_;  // guarded by mutex_
};

}  // namespace ibuild::registry
