#pragma once

#include <mutex>
#include <utility>

namespace ibuild::base {

/// A value that can only be reached while its lock is held.
template <typename T>
class Synchronized {
 public:
  Synchronized() = default;
  explicit Synchronized(T value) : value_(std::move(value)) {}

  class Guard {
   public:
    Guard(std::mutex& mutex, T& value) : lock_(mutex), value_(value) {}
    T& operator*() { return value_; }
    T* operator->() { return &value_; }
    std::unique_lock<std::mutex>& lock() { return lock_; }

   private:
    std::unique_lock<std::mutex> lock_;
    T& value_;
  };
  [[nodiscard]] Guard lock() { return Guard(mutex_, value_); }

 private:
  std::mutex mutex_;
  T value_{};
};

}  // namespace ibuild::base
