#include "base/byte_size.h"

#include <charconv>
#include <string>
#include <system_error>

#include "base/text.h"

namespace ibuild::base {

namespace {

/// What a unit multiplies with; 0 for no unit.
double factor_of(std::string_view unit) {
  if (unit.empty() || unit == "b") return 1;
  constexpr std::string_view kLetters = "kmgtp";
  const auto at = kLetters.find(unit.front());
  const std::string_view rest = unit.substr(1);
  if (at == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) return 0;
  double factor = 1;
  for (std::size_t i = 0; i <= at; ++i) factor *= 1024;
  return factor;
}

}  // namespace

std::optional<std::uint64_t> parse_byte_size(std::string_view text) {
  const auto last = text.find_last_of("0123456789.");
  if (last == std::string_view::npos) return std::nullopt;
  const std::string_view number = text.substr(0, last + 1);
  std::string_view unit = text.substr(last + 1);
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  if (number.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  const double factor = factor_of(to_lower(unit));
  constexpr double kTooMuch = 9223372036854775808.0;  // 2^63
  if (factor == 0 || value * factor >= kTooMuch) return std::nullopt;
  return static_cast<std::uint64_t>(value * factor);
}

}  // namespace ibuild::base
