#include "base/thread_pool.h"

#include <sched.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace ibuild::base {

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable work_or_end;
  std::deque<std::function<void()>> tasks;
  bool ending = false;
  std::size_t size = 0;  // workers at most
  std::size_t idle = 0;
  std::vector<std::jthread> workers;

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      ++idle;
      work_or_end.wait(lock, [this] { return ending || !tasks.empty(); });
      --idle;
      if (tasks.empty()) return;
      auto task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // what the task held goes before the lock is taken again
      lock.lock();
    }
  }
  /// A worker more when more tasks wait than workers. With the mutex held. Throws:
  /// std::system_error when there is no worker and none is to be had; then the last task is taken
  /// back.
  void keep_up() {
    if (tasks.size() <= idle || workers.size() >= size) return;
    try {
      workers.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      if (!workers.empty()) return;  // they come to it
      tasks.pop_back();
      throw;
    }
  }
  void end() {
    {
      std::scoped_lock lock(mutex);
      ending = true;
    }
    work_or_end.notify_all();
    workers.clear();
  }
};

ThreadPool::ThreadPool(std::size_t threads) : state_(std::make_unique<State>()) {
  state_->size = threads == 0 ? usable_processors() : threads;
}

ThreadPool::~ThreadPool() { state_->end(); }

std::size_t ThreadPool::size() const { return state_->size; }

void ThreadPool::post(std::function<void()> task) {
  {
    std::scoped_lock lock(state_->mutex);
    state_->tasks.push_back(std::move(task));
    state_->keep_up();
  }
  state_->work_or_end.notify_one();
}

std::size_t usable_processors() {
  // The kernel refuses a mask smaller than its own with EINVAL; 64 Ki processors is beyond any
  // kernel.
  for (int processors = 1024; processors <= 65536; processors *= 4) {
    cpu_set_t* set = CPU_ALLOC(processors);
    if (set == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(processors);
    const int result = ::sched_getaffinity(0, bytes, set);
    const int count = result == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return static_cast<std::size_t>(count);
  }
  return 1;
}

}  // namespace ibuild::base
