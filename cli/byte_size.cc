#include "cli/byte_size.h"

#include <charconv>
#include <string>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

namespace {

/// The power of 1024 that a suffix stands for; -1 for no suffix known.
int power_of(std::string_view suffix) {
  const std::string lower = base::to_lower(base::trim(suffix));
  if (lower.empty() || lower == "b") return 0;
  const auto power = std::string_view("kmgt").find(lower.front());
  const auto rest = std::string_view(lower).substr(1);
  if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) return -1;
  return static_cast<int>(power) + 1;
}

}  // namespace

std::uint64_t parse_byte_size(std::string_view option, std::string_view text) {
  constexpr double kMax = 1ULL << 62;
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const int power = power_of({end, static_cast<std::size_t>(text.data() + text.size() - end)});
  for (int i = 0; i < power; ++i) number *= 1024;
  if (failure != std::errc() || power < 0 || !(number >= 0) || number > kMax) {
    throw base::UsageError(std::string(option) + " " + base::printable(text) +
                           " is no size: write a number with b, k, m, g or t, as in 64m");
  }
  return static_cast<std::uint64_t>(number);
}

}  // namespace ibuild::cli
