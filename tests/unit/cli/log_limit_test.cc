#include "cli/log_limit.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <optional>

#include "cli/colors.h"

using namespace ibuild::cli;
using namespace std::chrono_literals;

namespace {
constexpr LogLimiter::TimePoint kStart{1000s};

/// What the environment says where these are set; null: not.
LogLimits limits_of(const char* size, const char* speed) {
  constexpr const char* kSize = "BUILDKIT_STEP_LOG_MAX_SIZE";
  constexpr const char* kSpeed = "BUILDKIT_STEP_LOG_MAX_SPEED";
  if (size != nullptr) ::setenv(kSize, size, 1);
  if (speed != nullptr) ::setenv(kSpeed, speed, 1);
  const auto limits = LogLimits::from_environment();
  ::unsetenv(kSize);
  ::unsetenv(kSpeed);
  return limits;
}

}  // namespace

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

TEST_CASE("log limit: variables of the environment", "[cli]") {
  const LogLimits usual;
  CHECK(limits_of("100", nullptr).max_bytes == 100u);
  CHECK(limits_of("100", nullptr).max_bytes_per_second == usual.max_bytes_per_second);
  CHECK(limits_of(nullptr, "7").max_bytes == usual.max_bytes);
  CHECK(limits_of(nullptr, "7").max_bytes_per_second == 7u);
  CHECK(limits_of("0", "0").max_bytes == 0u);
  CHECK(limits_of("much", "").max_bytes == usual.max_bytes);
  CHECK(limits_of("much", "").max_bytes_per_second == usual.max_bytes_per_second);
  CHECK(limits_of(nullptr, "-1").max_bytes == usual.max_bytes);
  CHECK(limits_of(nullptr, "-1").max_bytes_per_second == std::nullopt);
  CHECK(limits_of("-1", nullptr).max_bytes == std::nullopt);
  CHECK(limits_of("-1", nullptr).max_bytes_per_second == std::nullopt);
  CHECK(limits_of("-1", "7").max_bytes_per_second == 7u);
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
