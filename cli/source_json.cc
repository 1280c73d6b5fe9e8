#include "cli/source_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ibuild::cli {

using Json = nlohmann::ordered_json;

Json location_json(const parser::SourceRange& range) {
  if (!range.known()) return Json::object();
  const int last = std::max(range.start.line, range.end.line);
  const Json lines = {{"start", {{"line", range.start.line}}}, {"end", {{"line", last}}}};
  return {{"ranges", Json::array({lines})}};
}

std::string dump_json(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ibuild::cli
