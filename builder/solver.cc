#include "builder/solver.h"

#include <utility>

#include "base/error.h"

namespace ibuild::builder {

Solver::Solver(const BuildPlan& plan, Work work, std::size_t max_threads)
    : plan_(plan), work_(std::move(work)), max_threads_(max_threads) {
  const std::size_t count = plan.steps.size();
  results_.resize(count);
  missing_.resize(count);
  dependents_.resize(count);
  unfinished_ = count;
  for (const auto& step : plan.steps) {
    const auto dependencies = step.dependencies();
    missing_[step.id] = dependencies.size();
    for (const StepId dependency : dependencies) dependents_[dependency].push_back(step.id);
    if (dependencies.empty()) ready_.insert(step.id);
  }
}

std::vector<StepResult> Solver::solve(std::stop_token stop) {
  const std::stop_callback forward(stop, [this] {
    stop_.request_stop();
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  drain();
  std::vector<std::jthread> helpers;
  {
    const std::lock_guard lock(mutex_);
    helpers.swap(helpers_);
  }
  helpers.clear();  // joins
  if (failure_) std::rethrow_exception(failure_);
  if (unfinished_ > 0) throw base::CancelledError();
  return std::move(results_);
}

void Solver::drain() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock,
                  [&] { return !ready_.empty() || unfinished_ == 0 || stop_.stop_requested(); });
    --idle_;
    if (unfinished_ == 0 || stop_.stop_requested()) return;
    const StepId id = *ready_.begin();
    ready_.erase(ready_.begin());
    lock.unlock();
    run_step(id);
    lock.lock();
  }
}

void Solver::run_step(StepId id) {
  const StepContext context{[this](StepId step) -> const StepResult& { return results_[step]; },
                            [this] { start_helper_if_useful(); }, stop_.get_token()};
  try {
    finish(id, work_(plan_.steps[id], context));
  } catch (...) {
    fail(std::current_exception());
  }
}

void Solver::finish(StepId id, StepResult result) {
  const std::lock_guard lock(mutex_);
  results_[id] = std::move(result);
  --unfinished_;
  std::size_t woken = 0;
  for (const StepId dependent : dependents_[id]) {
    if (--missing_[dependent] > 0) continue;
    ready_.insert(dependent);
    ++woken;
  }
  // This thread takes one of them itself.
  if (unfinished_ == 0 || woken > 1) changed_.notify_all();
}

void Solver::fail(std::exception_ptr error) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(error);
  }
  stop_.request_stop();  // without the lock: it calls whoever waits for it
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void Solver::start_helper_if_useful() {
  const std::lock_guard lock(mutex_);
  if (ready_.empty() || stop_.stop_requested()) return;
  if (idle_ > 0) {
    changed_.notify_all();
  } else if (helpers_.size() + 1 < max_threads_) {
    helpers_.emplace_back([this] { drain(); });
  }
}

}  // namespace ibuild::builder
