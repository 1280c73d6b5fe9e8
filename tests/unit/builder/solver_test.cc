#include "builder/solver.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <latch>
#include <set>

#include "base/error.h"

using namespace ibuild;
using builder::BuildPlan;
using builder::Solver;
using builder::Step;
using builder::StepId;
using builder::StepResult;

namespace {

/// Steps that stand on others: parent, and one more through a COPY --from.
BuildPlan plan_of(
    const std::vector<std::pair<std::optional<StepId>, std::optional<StepId>>>& needs) {
  BuildPlan plan;
  for (const auto& [parent, source] : needs) {
    Step step;
    step.id = plan.steps.size();
    step.parent = parent;
    builder::CopyOp op;
    op.from = builder::TreeRef{source, ""};
    step.op = op;
    plan.steps.push_back(step);
  }
  return plan;
}

StepResult result_at(int second) {
  StepResult result;
  result.created = base::TimePoint(std::chrono::seconds(second));
  return result;
}

}  // namespace

TEST_CASE("solver: every step comes after those it needs and sees their results", "[builder]") {
  const auto plan = plan_of({{{}, {}}, {0, {}}, {{}, {}}, {1, 2}, {3, 0}});
  std::vector<std::atomic<bool>> done(plan.steps.size());
  Solver solver(
      plan,
      [&](const Step& step, const Solver::StepContext& context) {
        for (const StepId need : step.dependencies()) {
          CHECK(done[need]);
          CHECK(context.result_of(need).created == result_at(static_cast<int>(need)).created);
        }
        context.before_long_work();
        done[step.id] = true;
        return result_at(static_cast<int>(step.id));
      },
      4);
  const auto results = solver.solve({});
  REQUIRE(results.size() == 5);
  CHECK(results[4].created == result_at(4).created);
}

TEST_CASE("solver: steps that take time run side by side", "[builder]") {
  const auto plan = plan_of({{{}, {}}, {{}, {}}, {{}, {}}});
  std::latch all_here(3);  // each waits for the others: one thread alone would wait for ever
  Solver solver(
      plan,
      [&](const Step&, const Solver::StepContext& context) {
        context.before_long_work();
        all_here.arrive_and_wait();
        return StepResult{};
      },
      3);
  CHECK(solver.solve({}).size() == 3);
}

TEST_CASE("solver: without long work everything stays with the calling thread", "[builder]") {
  const auto plan = plan_of({{{}, {}}, {{}, {}}, {0, 1}, {{}, {}}});
  std::set<std::thread::id> threads;
  Solver solver(
      plan,
      [&](const Step&, const Solver::StepContext&) {
        threads.insert(std::this_thread::get_id());
        return StepResult{};
      },
      8);
  solver.solve({});
  CHECK(threads == std::set{std::this_thread::get_id()});
}

TEST_CASE("solver: the first failure stops the others and is thrown", "[builder]") {
  const auto plan = plan_of({{{}, {}}, {{}, {}}, {0, 1}});
  std::latch both(2);
  std::atomic<bool> stopped{false};
  std::atomic<bool> reached_last{false};
  Solver solver(
      plan,
      [&](const Step& step, const Solver::StepContext& context) -> StepResult {
        context.before_long_work();
        if (step.id == 2) reached_last = true;
        both.arrive_and_wait();
        if (step.id == 0) throw base::Error("step 0 failed");
        while (!context.stop.stop_requested()) std::this_thread::yield();
        stopped = true;
        throw base::CancelledError();
      },
      2);
  CHECK_THROWS_WITH(solver.solve({}), "step 0 failed");
  CHECK(stopped);
  CHECK_FALSE(reached_last);
}

TEST_CASE("solver: a stop from outside ends the build as cancelled", "[builder]") {
  const auto plan = plan_of({{{}, {}}, {0, {}}});
  std::stop_source stop;
  Solver solver(
      plan,
      [&](const Step&, const Solver::StepContext&) {
        stop.request_stop();
        return StepResult{};
      },
      2);
  CHECK_THROWS_AS(solver.solve(stop.get_token()), base::CancelledError);
}

TEST_CASE("solver: an empty plan has no results", "[builder]") {
  const BuildPlan plan;
  Solver solver(
      plan, [](const Step&, const Solver::StepContext&) { return StepResult{}; }, 1);
  CHECK(solver.solve({}).empty());
}
