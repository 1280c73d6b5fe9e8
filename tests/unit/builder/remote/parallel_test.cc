#include "builder/remote/parallel.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <stdexcept>

#include "base/error.h"

using namespace ibuild;
using remote::run_parallel;
using remote::Task;

TEST_CASE("parallel: every task runs once", "[remote]") {
  std::atomic<int> sum = 0;
  std::vector<Task> tasks;
  for (int i = 1; i <= 100; ++i) tasks.push_back([&sum, i](std::stop_token) { sum += i; });
  run_parallel(tasks, 4, {});
  CHECK(sum == 5050);
}

TEST_CASE("parallel: no task is no work", "[remote]") { CHECK_NOTHROW(run_parallel({}, 4, {})); }

TEST_CASE("parallel: tasks run side by side", "[remote]") {
  std::latch both(2);
  const Task task = [&](std::stop_token) { both.arrive_and_wait(); };
  CHECK_NOTHROW(run_parallel({task, task}, 2, {}));
}

TEST_CASE("parallel: never more than the limit at once", "[remote]") {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::vector<Task> tasks(50, [&](std::stop_token) {
    const int now = ++running;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    --running;
  });
  run_parallel(tasks, 3, {});
  CHECK(most <= 3);
}

TEST_CASE("parallel: a failure stops the others and is thrown", "[remote]") {
  std::atomic<int> started = 0;
  std::vector<Task> tasks;
  tasks.push_back([](std::stop_token) { throw base::Error("broken"); });
  for (int i = 0; i < 1000; ++i) {
    tasks.push_back([&](std::stop_token stop) {
      ++started;
      if (stop.stop_requested()) throw base::CancelledError();
    });
  }
  CHECK_THROWS_WITH(run_parallel(tasks, 1, {}), "broken");
  CHECK(started == 0);
}

TEST_CASE("parallel: a failure counts before the cancellations that it causes", "[remote]") {
  std::latch ready(2);
  const Task waits = [&](std::stop_token stop) {
    ready.arrive_and_wait();
    while (!stop.stop_requested()) std::this_thread::yield();
    throw base::CancelledError();
  };
  const Task fails = [&](std::stop_token) {
    ready.arrive_and_wait();
    throw base::Error("broken");
  };
  CHECK_THROWS_WITH(run_parallel({waits, fails}, 2, {}), "broken");
}

TEST_CASE("parallel: a stop request from outside cancels", "[remote]") {
  std::stop_source stop;
  std::vector<Task> tasks;
  tasks.push_back([&](std::stop_token) { stop.request_stop(); });
  int later = 0;
  tasks.push_back([&](std::stop_token) { ++later; });
  CHECK_THROWS_AS(run_parallel(tasks, 1, stop.get_token()), base::CancelledError);
  CHECK(later == 0);
}

TEST_CASE("parallel: what is no ibuild error is thrown as it is", "[remote]") {
  CHECK_THROWS_AS(run_parallel({[](std::stop_token) { throw std::logic_error("x"); }}, 2, {}),
                  std::logic_error);
}
