#include "builder/remote/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "base/error.h"
#include "base/synchronized.h"

namespace ibuild::remote {

namespace {

class Crew {
 public:
  Crew(std::vector<Task> tasks, std::stop_token stop)
      : tasks_(std::move(tasks)), forward_(stop, [this] { stop_.request_stop(); }) {}

  void work() {
    while (!stop_.stop_requested()) {
      const std::size_t mine = next_.fetch_add(1);
      if (mine >= tasks_.size()) return;
      try {
        tasks_[mine](stop_.get_token());
      } catch (...) {
        note_failure(std::current_exception());
      }
    }
  }

  /// Requires: no worker runs any more.
  void finish() {
    if (auto failure = *failure_.lock()) std::rethrow_exception(failure);
    if (next_.load() < tasks_.size() || stop_.stop_requested()) throw base::CancelledError();
  }

 private:
  static bool is_cancellation(const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const base::CancelledError&) {
      return true;
    } catch (...) {
      return false;
    }
  }

  void note_failure(std::exception_ptr failure) {
    {
      auto first = failure_.lock();
      if (!*first || is_cancellation(*first)) *first = std::move(failure);
    }
    stop_.request_stop();
  }

  std::vector<Task> tasks_;
  std::atomic<std::size_t> next_ = 0;
  std::stop_source stop_;
  base::Synchronized<std::exception_ptr> failure_;
  std::stop_callback<std::function<void()>> forward_;
};

}  // namespace

void run_parallel(std::vector<Task> tasks, std::size_t limit, std::stop_token stop) {
  const std::size_t count = std::min(limit, tasks.size());
  Crew crew(std::move(tasks), std::move(stop));
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 1; i < count; ++i) workers.emplace_back([&crew] { crew.work(); });
    crew.work();
  }
  crew.finish();
}

}  // namespace ibuild::remote
