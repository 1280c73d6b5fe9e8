#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace ibuild::builder {

/// The part of YAML in which programs write settings: mappings and sequences by indentation or in
/// brackets, plain and quoted scalars, comments. JSON is in it. Anchors, tags, block scalars,
/// scalars of several lines and several documents are not.
/// Throws: ContentError with the number of the line. See: yaml.org/spec/1.2.2
nlohmann::json parse_plain_yaml(std::string_view text);

}  // namespace ibuild::builder
