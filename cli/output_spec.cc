#include "cli/output_spec.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/csv.h"

namespace ibuild::cli {

namespace {

const std::vector<std::string>& known_types() {
  static const std::vector<std::string> types = {"image", "registry", "oci",      "docker",
                                                 "tar",   "local",    "cacheonly"};
  return types;
}

builder::OutputSpec short_form(std::string_view text) {
  if (text == "-") return {.type = "tar", .attributes = {{"dest", "-"}}};
  return {.type = "local", .attributes = {{"dest", std::string(text)}}};
}

bool is_file_type(const std::string& type) {
  return type == "oci" || type == "docker" || type == "tar";
}

}  // namespace

builder::OutputSpec parse_output(std::string_view text) {
  if (text.empty()) throw base::UsageError("--output is empty");
  if (text.find('=') == std::string_view::npos) return short_form(text);
  builder::OutputSpec spec;
  spec.attributes = parse_attributes(text);
  const auto type = spec.attributes.extract("type");
  if (type.empty()) {
    throw base::UsageError("--output " + base::printable(text) + " has no type=");
  }
  spec.type = type.mapped();
  if (std::ranges::find(known_types(), spec.type) == known_types().end()) {
    base::UsageError error("--output type=" + base::printable(spec.type) + " is not known");
    const auto near = base::nearest_word(spec.type, known_types());
    error.set_hint(near ? "did you mean type=" + *near + "?"
                        : "the types are " + base::join(known_types(), ", "));
    throw error;
  }
  if (is_file_type(spec.type) && !spec.attributes.contains("dest")) spec.attributes["dest"] = "-";
  if (spec.type == "local" && !spec.attributes.contains("dest")) {
    throw base::UsageError("--output type=local needs dest=DIRECTORY");
  }
  return spec;
}

bool writes_to_stdout(const builder::OutputSpec& output) {
  const auto dest = output.attributes.find("dest");
  return is_file_type(output.type) && dest != output.attributes.end() && dest->second == "-";
}

}  // namespace ibuild::cli
