#include "cli/source_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace ibuild::cli {

using Json = nlohmann::ordered_json;

Json location_json(const parser::SourceRange& range) {
  if (!range.known()) return Json::object();
  Json ranges = Json::array();
  const int last = std::max(range.start.line, range.end.line);
  for (int line = range.start.line; line <= last; ++line)
    ranges.push_back({{"start", {{"line", line}}}, {"end", {{"line", line}}}});
  return {{"ranges", std::move(ranges)}};
}

std::string dump_json(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ibuild::cli
