#pragma once

#include <nlohmann/json_fwd.hpp>

#include "parser/source_range.h"

namespace ibuild::builder {

/// Lines of a Dockerfile as BuildKit's answers and provenance have them, with a range for each:
/// {"ranges": [{"start": {"line": 1}, "end": {"line": 1}}]}. Requires: a known range.
nlohmann::ordered_json line_ranges_json(const parser::SourceRange& range);

}  // namespace ibuild::builder
