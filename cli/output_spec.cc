#include "cli/output_spec.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/export/added_compressions.h"
#include "builder/export/output_times.h"
#include "builder/export/rootfs_exporter.h"
#include "builder/export/squash.h"
#include "builder/source_date_epoch.h"
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

std::vector<std::pair<std::string, std::string>> annotation_attributes(std::string_view text,
                                                                       std::string_view kind) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    throw base::UsageError("--annotation " + base::printable(text) + " is not NAME=VALUE");
  }
  std::string_view name = text.substr(0, equals);
  std::string_view kinds = kind;
  if (const auto colon = name.find(':'); colon != std::string_view::npos) {
    kinds = name.substr(0, colon);
    name.remove_prefix(colon + 1);
  }
  std::vector<std::pair<std::string, std::string>> attributes;
  for (const auto each : base::split(kinds, ',')) {
    attributes.emplace_back("annotation-" + std::string(base::trim(each)) + "." + std::string(name),
                            text.substr(equals + 1));
  }
  return attributes;
}

void check_deleting_outputs(const std::vector<builder::OutputSpec>& outputs,
                            const builder::Allowances& allowed) {
  namespace fs = std::filesystem;
  for (const auto& output : outputs) {
    const auto dest = output.attributes.find("dest");
    if (dest == output.attributes.end() || allowed.local_delete ||
        !builder::replaces_directory(output))
      continue;
    std::error_code failed;
    const auto here = fs::canonical(".", failed);
    const auto there = failed ? fs::path() : fs::weakly_canonical(dest->second, failed);
    const auto below = there.lexically_relative(here);
    if (!failed && !below.empty() && below != "." && *below.begin() != "..") continue;
    base::UsageError error("output type=local: mode=delete would remove all other files of " +
                           base::printable(dest->second) +
                           ", which is not below the working directory");
    error.set_hint("if that is what you want, say --allow buildx.local.delete");
    throw error;
  }
}

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

void annotate(std::vector<builder::OutputSpec>& outputs, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  if (outputs.empty()) outputs.push_back({.type = "image", .attributes = {}});
  bool is_held = false;
  for (auto& output : outputs) {
    if (!is_image(output)) continue;
    is_held = true;
    for (const auto& text : texts) {
      for (auto& [name, value] : annotation_attributes(text, "manifest"))
        output.attributes.insert_or_assign(std::move(name), std::move(value));
    }
  }
  if (!is_held) throw base::UsageError("--annotation needs an output that is an image");
}

void give_images(std::vector<builder::OutputSpec>& outputs, const std::string& name,
                 const std::string& value, const std::string& option) {
  if (outputs.empty()) outputs.push_back({.type = "image", .attributes = {}});
  bool is_held = false;
  for (auto& output : outputs) {
    if (!is_image(output)) continue;
    is_held = true;
    output.attributes.try_emplace(name, value);
  }
  if (!is_held) throw base::UsageError(option + " needs an output that is an image");
}

void squash(std::vector<builder::OutputSpec>& outputs) {
  give_images(outputs, builder::kSquashAttribute, "true", "--squash");
}

void add_compressions(std::vector<builder::OutputSpec>& outputs,
                      const std::vector<std::string>& names) {
  if (names.empty()) return;
  give_images(outputs, builder::kAddedCompressionsAttribute, base::join(names, "+"),
              "--add-compression");
}

void set_timestamp(std::vector<builder::OutputSpec>& outputs, const std::string& seconds) {
  const auto number = base::parse_i64(seconds);
  if (!number || *number < 0 || *number > builder::kLatestEpoch) {
    throw base::UsageError("--timestamp takes a number of seconds since 1970, not " +
                           base::printable(seconds));
  }
  if (outputs.empty()) outputs.push_back({.type = "image", .attributes = {}});
  for (auto& output : outputs) {
    if (output.type == "cacheonly") continue;
    if (!output.attributes.try_emplace(builder::kEpochAttribute, seconds).second) continue;
    if (is_image(output)) output.attributes.try_emplace(builder::kRewriteAttribute, "all");
  }
}

bool is_image(const builder::OutputSpec& output) {
  return output.type != "tar" && output.type != "local" && output.type != "cacheonly";
}

bool writes_to_stdout(const builder::OutputSpec& output) {
  const auto dest = output.attributes.find("dest");
  return is_file_type(output.type) && dest != output.attributes.end() && dest->second == "-";
}

}  // namespace ibuild::cli
