#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "parser/source_range.h"

namespace ibuild::cli {

/// A place as BuildKit's answers have it, with a range for each line:
/// {"ranges": [{"start": {"line": 1}, "end": {"line": 1}}]}; an empty object for nowhere.
nlohmann::ordered_json location_json(const parser::SourceRange& range);

/// Indented text that ends in a newline; bytes that are no UTF-8 are replaced.
std::string dump_json(const nlohmann::ordered_json& json);

}  // namespace ibuild::cli
