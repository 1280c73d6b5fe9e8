#include "base/go_values.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace ibuild::base {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"\xc2\xb5s", 1'000},  // micro sign
                                         {"\xce\xbcs", 1'000},  // Greek mu
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

/// Neither is negative.
std::optional<std::int64_t> add(std::int64_t a, std::int64_t b) {
  if (a > kMost - b) return std::nullopt;
  return a + b;
}

/// Neither is negative, `b` is not 0.
std::optional<std::int64_t> multiply(std::int64_t a, std::int64_t b) {
  if (a > kMost / b) return std::nullopt;
  return a * b;
}

/// One "12.5ms", taken off the front of `text`.
std::optional<std::int64_t> take_part(std::string_view& text) {
  std::int64_t whole = 0;
  double fraction = 0;
  bool has_digits = false;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    const auto shifted = multiply(whole, 10);
    const auto next = shifted ? add(*shifted, text.front() - '0') : std::nullopt;
    if (!next) return std::nullopt;
    whole = *next;
    has_digits = true;
  }
  if (text.starts_with('.')) {
    double place = 0.1;
    for (text.remove_prefix(1); !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
      fraction += place * (text.front() - '0');
      place /= 10;
      has_digits = true;
    }
  }
  const auto unit_size = std::min(text.find_first_of(".0123456789"), text.size());
  const std::string_view name = text.substr(0, unit_size);
  text.remove_prefix(unit_size);
  for (const Unit& unit : kUnits) {
    if (!has_digits || unit.name != name) continue;
    const auto scaled = multiply(whole, unit.nanoseconds);
    const auto rest =
        static_cast<std::int64_t>(fraction * static_cast<double>(unit.nanoseconds) + 1e-6);
    return scaled ? add(*scaled, rest) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<bool> parse_go_bool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    const auto sum = part ? add(total, *part) : std::nullopt;
    if (!sum) return std::nullopt;
    total = *sum;
  }
  return std::chrono::nanoseconds(is_negative ? -total : total);
}

}  // namespace ibuild::base
