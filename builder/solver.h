#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "builder/plan/build_plan.h"
#include "builder/step_result.h"

namespace ibuild::builder {

/// Pass 5: takes every step of a plan through `work`, each after those it depends on, independent
/// ones side by side. The calling thread works too; another thread is started only when a step is
/// about to do something that takes time while others wait, so that a build which is all cache hits
/// starts none. The first failure stops the rest and is thrown at the end.
class Solver {
 public:
  /// What a step may ask while it is worked on.
  struct StepContext {
    ResultLookup result_of;
    /// To be called before something that takes time.
    std::function<void()> before_long_work;
    std::stop_token stop;
  };
  using Work = std::function<StepResult(const Step& step, const StepContext& context)>;

  /// `max_threads` counts the calling one. `plan` must outlive the solver.
  Solver(const BuildPlan& plan, Work work, std::size_t max_threads);
  /// One result for each step, in the plan's order. Throws what a step threw first; CancelledError
  /// when `stop` was requested.
  std::vector<StepResult> solve(std::stop_token stop);

 private:
  void drain();
  void run_step(StepId id);
  void finish(StepId id, StepResult result);
  void fail(std::exception_ptr error);
  void start_helper_if_useful();

  const BuildPlan& plan_;
  Work work_;
  std::size_t max_threads_;
  std::stop_source stop_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<StepResult> results_;  // each is written once, before those that read it become ready
  std::vector<std::size_t> missing_;  // dependencies that are not done yet
  std::vector<std::vector<StepId>> dependents_;
  std::set<StepId> ready_;  // lowest first
  std::size_t unfinished_ = 0;
  std::size_t idle_ = 0;
  std::exception_ptr failure_;
  std::vector<std::jthread> helpers_;
};

}  // namespace ibuild::builder
