#include "cli/format_flag.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

void FormatFlag::add_to(OptionParser& parser) {
  parser.value("--format", "KIND", format_, "text, or json for an object of JSON a line");
}

bool FormatFlag::json() const {
  if (format_ == "json") return true;
  if (format_ == "text") return false;
  throw base::UsageError("--format " + base::printable(format_) + ": text and json are known");
}

std::string json_line(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace ibuild::cli
