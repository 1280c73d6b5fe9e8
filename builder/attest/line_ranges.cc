#include "builder/attest/line_ranges.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace ibuild::builder {

nlohmann::ordered_json line_ranges_json(const parser::SourceRange& range) {
  auto ranges = nlohmann::ordered_json::array();
  const int last = std::max(range.start.line, range.end.line);
  for (int line = range.start.line; line <= last; ++line)
    ranges.push_back({{"start", {{"line", line}}}, {"end", {{"line", line}}}});
  return {{"ranges", std::move(ranges)}};
}

}  // namespace ibuild::builder
