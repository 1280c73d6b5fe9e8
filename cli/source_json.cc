#include "cli/source_json.h"

#include <nlohmann/json.hpp>

#include "builder/attest/line_ranges.h"

namespace ibuild::cli {

using Json = nlohmann::ordered_json;

Json location_json(const parser::SourceRange& range) {
  if (!range.known()) return Json::object();
  return builder::line_ranges_json(range);
}

std::string dump_json(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ibuild::cli
