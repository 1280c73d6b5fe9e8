#include "registry/content_range.h"

#include "base/text.h"

namespace ibuild::registry {

std::string range_field(std::uint64_t begin, std::optional<std::uint64_t> end) {
  return "bytes=" + std::to_string(begin) + "-" + (end ? std::to_string(*end - 1) : "");
}

std::optional<ContentRange> parse_content_range(const HttpHeaders& headers) {
  constexpr std::string_view kUnit = "bytes ";
  const std::string value = headers.get("Content-Range");
  if (!value.starts_with(kUnit)) return std::nullopt;
  const std::string_view range = std::string_view(value).substr(kUnit.size());
  const std::size_t dash = range.find('-');
  const std::size_t slash = range.find('/');
  const auto begin = base::parse_u64(range.substr(0, dash));
  if (!begin) return std::nullopt;
  ContentRange parsed{.begin = *begin, .end = std::nullopt, .total = std::nullopt};
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash)
    return parsed;
  const auto last = base::parse_u64(range.substr(dash + 1, slash - dash - 1));
  if (last && *last != UINT64_MAX) parsed.end = *last + 1;
  parsed.total = base::parse_u64(range.substr(slash + 1));
  return parsed;
}

}  // namespace ibuild::registry
