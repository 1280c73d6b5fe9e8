#include "cli/table.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "base/clock.h"

namespace ibuild::cli {

namespace {

/// Characters, not bytes: the continuation bytes of UTF-8 take no place.
std::size_t width_of(std::string_view cell) {
  return static_cast<std::size_t>(std::ranges::count_if(
      cell, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string Table::str() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - width_of(row[i]) + 3, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string time_ago(const std::string& rfc3339) {
  const auto time = base::parse_rfc3339(rfc3339);
  if (!time) return "-";
  const auto now = base::Clock{}.now();
  if (*time > now) return rfc3339;
  struct Unit {
    std::string_view name;
    std::int64_t seconds;
  };
  constexpr std::array kUnits = {Unit{"year", 31536000}, Unit{"month", 2592000},
                                 Unit{"week", 604800},   Unit{"day", 86400},
                                 Unit{"hour", 3600},     Unit{"minute", 60}};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *time).count();
  for (const auto& unit : kUnits) {
    const auto count = seconds / unit.seconds;
    if (count == 0) continue;
    return std::to_string(count) + " " + std::string(unit.name) + (count == 1 ? "" : "s") + " ago";
  }
  return "less than a minute ago";
}

}  // namespace ibuild::cli
