#include "base/thread_pool.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <iterator>
#include <latch>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "tests/support/forked.h"

using namespace ibuild::base;

TEST_CASE("thread_pool: gives each task's result", "[base]") {
  ThreadPool pool(3);
  std::vector<std::future<int>> results;
  for (int i = 0; i < 100; ++i) results.push_back(pool.submit([i] { return i * i; }));
  for (int i = 0; i < 100; ++i) CHECK(results[static_cast<std::size_t>(i)].get() == i * i);
}

TEST_CASE("thread_pool: tasks run side by side", "[base]") {
  ThreadPool pool(2);
  std::latch both(2);
  auto first = pool.submit([&] { both.arrive_and_wait(); });
  auto second = pool.submit([&] { both.arrive_and_wait(); });
  first.get();
  second.get();
  CHECK(both.try_wait());
}

TEST_CASE("thread_pool: what a task throws reaches who asked, and the worker lives on", "[base]") {
  ThreadPool pool(1);
  auto bad = pool.submit([]() -> int { throw std::runtime_error("no"); });
  CHECK_THROWS_AS(bad.get(), std::runtime_error);
  CHECK(pool.submit([] { return 5; }).get() == 5);
}

TEST_CASE("thread_pool: the destructor lets waiting tasks finish", "[base]") {
  std::atomic<int> done = 0;
  std::vector<std::future<void>> results;
  {
    ThreadPool pool(1);
    for (int i = 0; i < 50; ++i) results.push_back(pool.submit([&] { ++done; }));
  }
  CHECK(done == 50);
  for (auto& result : results) CHECK_NOTHROW(result.get());
}

TEST_CASE("thread_pool: tasks may own what cannot be copied", "[base]") {
  ThreadPool pool(1);
  auto owned = std::make_unique<int>(8);
  CHECK(pool.submit([owned = std::move(owned)] { return *owned; }).get() == 8);
}

TEST_CASE("thread_pool: without a number it has a worker per usable processor", "[base]") {
  CHECK(usable_processors() >= 1);
  const ThreadPool pool;
  CHECK(pool.size() == usable_processors());
}

TEST_CASE("thread_pool: workers are started for the work there is", "[base]") {
  // In a process of its own: threads that have been joined are seen for a moment longer.
  CHECK(ibuild::test::passes_in_fork([] {
    const auto threads = [] {
      const std::filesystem::directory_iterator tasks("/proc/self/task");
      return std::distance(begin(tasks), end(tasks));
    };
    const auto before = threads();
    ThreadPool pool(3);
    if (threads() != before) return false;
    pool.submit([] {}).get();
    if (threads() != before + 1) return false;
    std::latch all(3);
    std::vector<std::future<void>> results;
    for (int i = 0; i < 3; ++i) results.push_back(pool.submit([&] { all.arrive_and_wait(); }));
    for (auto& result : results) result.get();
    return threads() == before + 3;
  }));
}

TEST_CASE("thread_pool: without threads the task is refused", "[base]") {
  CHECK(ibuild::test::passes_in_fork([] {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    // Root is bound by no limit of processes.
    if (::geteuid() == 0 && ::setuid(65534) != 0) return false;
    ThreadPool pool(2);
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) return false;
    try {
      (void)pool.submit([] { return 1; });
    } catch (const std::system_error&) {
      return true;
    }
    return false;
  }));
}

TEST_CASE("thread_pool: processors are those of the affinity mask", "[base]") {
  CHECK(ibuild::test::passes_in_fork([] {
    cpu_set_t set;
    CPU_ZERO(&set);
    const int processor = ::sched_getcpu();
    CPU_SET(static_cast<std::size_t>(processor), &set);
    return ::sched_setaffinity(0, sizeof set, &set) == 0 && usable_processors() == 1;
  }));
}
