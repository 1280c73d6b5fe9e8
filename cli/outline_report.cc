#include "cli/outline_report.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/base64.h"
#include "base/text.h"
#include "cli/source_json.h"
#include "cli/table.h"

namespace ibuild::cli {

namespace {

using Json = nlohmann::ordered_json;

Json sources_json(const std::string& source) { return Json::array({base::encode_base64(source)}); }

std::string needs_text(const char* title, const std::vector<builder::OutlineNeed>& needs) {
  if (needs.empty()) return {};
  Table table({title, "REQUIRED"});
  for (const auto& need : needs)
    table.add({base::printable(need.name), need.required ? "true" : ""});
  return table.str() + "\n";
}

Json needs_json(const std::vector<builder::OutlineNeed>& needs) {
  Json list = Json::array();
  for (const auto& need : needs) {
    Json json = {{"name", need.name}};
    if (need.required) json["required"] = true;
    json["location"] = location_json(need.range);
    list.push_back(std::move(json));
  }
  return list;
}

Json args_json(const std::vector<builder::OutlineArg>& args) {
  Json list = Json::array();
  for (const auto& arg : args) {
    Json json = {{"name", arg.name}};
    if (!arg.description.empty()) json["description"] = arg.description;
    if (!arg.value.empty()) json["value"] = arg.value;
    json["location"] = location_json(arg.range);
    list.push_back(std::move(json));
  }
  return list;
}

struct Subrequest {
  std::string_view name;
  std::string_view description;
  bool has_target = false;
  bool has_status = false;
};
constexpr std::array<Subrequest, 4> kSubrequests = {{
    {.name = "outline",
     .description = "List all parameters current build target supports",
     .has_target = true},
    {.name = "targets", .description = "List all targets current build supports"},
    {.name = "lint", .description = "Lint a Dockerfile", .has_status = true},
    {.name = "subrequests.describe", .description = "List available subrequest types"},
}};
constexpr std::string_view kSubrequestVersion = "1.0.0";

Json named_json(std::string_view name, std::string_view description) {
  return {{"name", name}, {"description", description}};
}

Json subrequest_json(const Subrequest& request) {
  Json options = Json::array();
  if (request.has_target) options.push_back(named_json("target", "Target build stage"));
  Json results = Json::array({named_json("result.json", ""), named_json("result.txt", "")});
  if (request.has_status) results.push_back(named_json("result.statuscode", ""));
  return {{"name", "frontend." + std::string(request.name)},
          {"version", kSubrequestVersion},
          {"type", "rpc"},
          {"description", request.description},
          {"opts", options},
          {"inputs", nullptr},
          {"metadata", results},
          {"refs", nullptr}};
}

}  // namespace

std::string outline_text(const builder::Outline& outline) {
  std::string text;
  if (!outline.name.empty() || !outline.description.empty()) {
    text += "TARGET:      " + (outline.name.empty() ? "(default)" : outline.name) + "\n";
    if (!outline.description.empty())
      text += "DESCRIPTION: " + base::printable(outline.description) + "\n";
    text += "\n";
  }
  if (!outline.args.empty()) {
    Table table({"BUILD ARG", "VALUE", "DESCRIPTION"});
    for (const auto& arg : outline.args) {
      table.add({base::printable(arg.name), base::printable(arg.value),
                 base::printable(arg.description)});
    }
    text += table.str() + "\n";
  }
  return text + needs_text("SECRET", outline.secrets) + needs_text("SSH", outline.ssh);
}

std::string outline_json(const builder::Outline& outline, const std::string& source) {
  Json json = Json::object();
  if (!outline.name.empty()) json["name"] = outline.name;
  if (!outline.description.empty()) json["description"] = outline.description;
  if (!outline.args.empty()) json["args"] = args_json(outline.args);
  if (!outline.secrets.empty()) json["secrets"] = needs_json(outline.secrets);
  if (!outline.ssh.empty()) json["ssh"] = needs_json(outline.ssh);
  json["sources"] = sources_json(source);
  return dump_json(json);
}

std::string targets_text(const parser::StageList& stages) {
  Table table({"TARGET", "DESCRIPTION"});
  for (std::size_t i = 0; i < stages.stages.size(); ++i) {
    const auto& stage = stages.stages[i];
    std::string name = stage.name();
    if (i + 1 == stages.stages.size()) name += name.empty() ? "(default)" : " (default)";
    table.add({name, base::printable(stage.doc_comment)});
  }
  return table.str();
}

std::string targets_json(const parser::StageList& stages, const std::string& source) {
  Json list = Json::array();
  for (std::size_t i = 0; i < stages.stages.size(); ++i) {
    const auto& stage = stages.stages[i];
    Json json = Json::object();
    if (!stage.name().empty()) json["name"] = stage.name();
    if (i + 1 == stages.stages.size()) json["default"] = true;
    if (!stage.doc_comment.empty()) json["description"] = stage.doc_comment;
    json["base"] = stage.from.image;
    if (!stage.from.platform.empty()) json["platform"] = stage.from.platform;
    json["location"] = location_json(stage.from_instruction.range);
    list.push_back(std::move(json));
  }
  return dump_json({{"targets", list}, {"sources", sources_json(source)}});
}

std::string describe_text() {
  Table table({"NAME", "VERSION", "DESCRIPTION"});
  for (const auto& request : kSubrequests) {
    table.add({std::string(request.name), std::string(kSubrequestVersion),
               std::string(request.description)});
  }
  return table.str();
}

std::string describe_json() {
  Json list = Json::array();
  for (const auto& request : kSubrequests) list.push_back(subrequest_json(request));
  return dump_json(list);
}

}  // namespace ibuild::cli
