#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ibuild::cli {

/// How much of a step's output is shown. None: all of it.
struct LogLimits {
  std::optional<std::uint64_t> max_bytes = 2 << 20;
  std::optional<std::uint64_t> max_bytes_per_second = 200 << 10;  // on average since its start

  /// BUILDKIT_STEP_LOG_MAX_SIZE and BUILDKIT_STEP_LOG_MAX_SPEED, in bytes; -1 is no limit. What is
  /// no number changes nothing. As in BuildKit, no limit of the size is none of the speed, unless
  /// one is given.
  static LogLimits from_environment();
};

/// Cuts the output of one step off where it is too much.
class LogLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  LogLimiter(const LogLimits& limits, TimePoint start) : limits_(limits), start_(start) {}

  /// What is shown of `bytes`, which may be nothing; the first cut is told of in a line.
  std::string take(std::string_view bytes, TimePoint now);

 private:
  struct Allowance {
    std::optional<std::uint64_t> bytes;  // since the start
    std::string name;
  };
  Allowance allowance(TimePoint now) const;

  LogLimits limits_;
  TimePoint start_;
  std::uint64_t seen_bytes_ = 0;
  bool is_clipping_ = false;
};

}  // namespace ibuild::cli
