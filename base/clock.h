#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ibuild::base {

using TimePoint = std::chrono::sys_time<std::chrono::nanoseconds>;

/// The only source of wall-clock time. With SOURCE_DATE_EPOCH it stands still.
class Clock {
 public:
  Clock() = default;
  explicit Clock(std::optional<std::chrono::sys_seconds> fixed) : fixed_(fixed) {}
  TimePoint now() const;
  bool is_fixed() const { return fixed_.has_value(); }
  std::optional<std::chrono::sys_seconds> fixed() const { return fixed_; }

 private:
  std::optional<std::chrono::sys_seconds> fixed_;
};

/// RFC 3339 in UTC, with as many fraction digits as needed ("2026-01-02T03:04:05.5Z", none for
/// whole seconds).
std::string format_rfc3339(TimePoint time);
/// None when it is no such time. What nanoseconds cannot count (before 1677, after 2262) becomes
/// the nearest that they can.
std::optional<TimePoint> parse_rfc3339(std::string_view text);
/// HTTP-date (RFC 9110 5.6.7): IMF-fixdate and the two obsolete forms.
std::optional<TimePoint> parse_http_date(std::string_view text);

}  // namespace ibuild::base
