#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace ibuild::builder {

/// A YAML document (or none) as JSON; plain scalars are read as null, booleans and integers, octal
/// ones as in YAML 1.1 too, and all others as text. Anchors and what is no mapping of texts are not
/// taken. Throws: ContentError with the number of the line. See: yaml.org/spec/1.2.2; libyaml.
nlohmann::json parse_yaml(std::string_view text);

}  // namespace ibuild::builder
