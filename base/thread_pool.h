#pragma once

#include <cstddef>
#include <functional>
#include <future>
#include <memory>

namespace ibuild::base {

/// Workers for short CPU-bound tasks (hash, compress), started when there is work for them: most
/// builds find all in the cache. Tasks must not wait for one another.
class ThreadPool {
 public:
  /// So many workers at most; 0 means one per processor this process may use (sched_getaffinity).
  explicit ThreadPool(std::size_t threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  std::size_t size() const;

  /// Throws: std::system_error when no thread at all is to be had.
  template <typename F>
  auto submit(F f) -> std::future<decltype(f())> {
    auto task = std::make_shared<std::packaged_task<decltype(f())()>>(std::move(f));
    auto result = task->get_future();
    post([task] { (*task)(); });
    return result;
  }

 private:
  void post(std::function<void()> task);
  struct State;
  std::unique_ptr<State> state_;
};

/// Processors this process may run on; at least 1.
std::size_t usable_processors();

}  // namespace ibuild::base
