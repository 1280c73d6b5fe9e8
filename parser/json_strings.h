#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::parser {

/// What the exec form of an instruction may turn out to be.
struct JsonStrings {
  std::vector<std::string> strings;
  bool has_other_values = false;  // valid JSON, but not every element is a string
};

/// An array of strings, as Go's encoding/json reads it. None when `text` is not a JSON array as a
/// whole, with nothing but blanks around it.
std::optional<JsonStrings> parse_json_strings(std::string_view text);

/// The string that a JSON object holds under `key` at its top level. None when `text` is anything
/// else.
std::optional<std::string> find_json_string(std::string_view text, std::string_view key);

}  // namespace ibuild::parser
