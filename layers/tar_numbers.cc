#include "layers/tar_numbers.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace ibuild::layers {

namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

std::optional<std::int64_t> parse_base256(std::string_view field) {
  const bool is_negative = (field[0] & 0x40) != 0;
  const unsigned char flip = is_negative ? 0xff : 0;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    unsigned char byte = static_cast<unsigned char>(field[i]) ^ flip;
    if (i == 0) byte &= 0x7f;  // the mark itself
    if (value >> 55 != 0) return std::nullopt;
    value = value << 8 | byte;
  }
  const auto magnitude = static_cast<std::int64_t>(value);
  return is_negative ? -magnitude - 1 : magnitude;
}

bool is_blank(char c) { return c == ' ' || c == '\0'; }

}  // namespace

std::optional<std::int64_t> parse_tar_number(std::string_view field) {
  if (field.empty()) return std::nullopt;
  if ((field[0] & 0x80) != 0) return parse_base256(field);
  while (!field.empty() && is_blank(field.front())) field.remove_prefix(1);
  // What follows the first NUL is not part of the number.
  field = field.substr(0, field.find('\0'));
  while (!field.empty() && is_blank(field.back())) field.remove_suffix(1);
  std::int64_t value = 0;
  for (char digit : field) {
    if (digit < '0' || digit > '7' || value > kMax / 8) return std::nullopt;
    value = value * 8 + (digit - '0');
  }
  return value;
}

base::TimePoint time_from_seconds(std::int64_t seconds, std::int64_t nanoseconds) {
  constexpr std::int64_t kLimit = kMax / kNanosecondsPerSecond - 1;
  seconds = std::clamp(seconds, -kLimit, kLimit);
  return base::TimePoint(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds));
}

std::optional<base::TimePoint> parse_pax_time(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const auto dot = text.find('.');
  const auto seconds = base::parse_u64(text.substr(0, dot));
  if (!seconds || *seconds > static_cast<std::uint64_t>(kMax)) return std::nullopt;
  std::int64_t nanoseconds = 0;
  if (dot != std::string_view::npos) {
    const std::string_view fraction = text.substr(dot + 1);
    for (std::size_t i = 0; i < std::max<std::size_t>(fraction.size(), 9); ++i) {
      const char digit = i < fraction.size() ? fraction[i] : '0';
      if (digit < '0' || digit > '9') return std::nullopt;
      if (i < 9) nanoseconds = nanoseconds * 10 + (digit - '0');
    }
  }
  const auto whole = static_cast<std::int64_t>(*seconds);
  return is_negative ? time_from_seconds(-whole, -nanoseconds)
                     : time_from_seconds(whole, nanoseconds);
}

}  // namespace ibuild::layers
