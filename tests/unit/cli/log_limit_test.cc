#include "cli/log_limit.h"

#include <catch2/catch.hpp>

#include "cli/colors.h"

using namespace ibuild::cli;
using namespace std::chrono_literals;

namespace {
constexpr LogLimiter::TimePoint kStart{1000s};
}

TEST_CASE("log limit: the size of a step's output", "[cli]") {
  LogLimiter limiter({.max_bytes = 4, .max_bytes_per_second = std::nullopt}, kStart);
  CHECK(limiter.take("abc", kStart) == "abc");
  CHECK(limiter.take("def", kStart) == "d\n[output clipped, log limit 4B reached]\n");
  CHECK(limiter.take("ghi", kStart + 1h).empty());
}

TEST_CASE("log limit: the speed of a step's output, on average", "[cli]") {
  LogLimiter limiter({.max_bytes = 2 << 20, .max_bytes_per_second = 1024}, kStart);
  CHECK(limiter.take(std::string(1024, 'x'), kStart).size() == 1024);
  CHECK(limiter.take("y", kStart) == "\n[output clipped, log limit 1KiB/s reached]\n");
  CHECK(limiter.take("y", kStart).empty());
  CHECK(limiter.take("z", kStart + 1s) == "z");
}

TEST_CASE("log limit: none", "[cli]") {
  LogLimiter limiter({.max_bytes = std::nullopt, .max_bytes_per_second = std::nullopt}, kStart);
  CHECK(limiter.take(std::string(10 << 20, 'x'), kStart).size() == 10 << 20);
}

TEST_CASE("colors: names and red, green, blue", "[cli]") {
  const auto palette = with_colors({}, "run=green:ERROR=1,2,3:warning=Light-Red");
  CHECK(palette.run == "\x1b[32m");
  CHECK(palette.error == "\x1b[38;2;1;2;3m");
  CHECK(palette.warning == "\x1b[91m");
  CHECK(palette.cancel == Palette{}.cancel);
}

TEST_CASE("colors: what cannot be read changes nothing", "[cli]") {
  const auto palette = with_colors({}, "run=pinkish:error=1,2:cancel=1,2,300:x:=:foo=red");
  CHECK(palette.run == Palette{}.run);
  CHECK(palette.error == Palette{}.error);
  CHECK(palette.cancel == Palette{}.cancel);
}
