#include "builder/attest/step_graph.h"

#include <nlohmann/json.hpp>
#include <variant>

#include "base/base64.h"
#include "builder/attest/image_sources.h"
#include "builder/attest/line_ranges.h"

namespace ibuild::builder {

namespace {

using Json = nlohmann::ordered_json;
using Names = std::map<StepId, std::string>;

Names number(const std::vector<const Step*>& steps) {
  Names names;
  for (const auto* step : steps) names.emplace(step->id, "step" + std::to_string(names.size()));
  return names;
}

Json to_json(const image::Platform& platform) {
  Json json = {{"Architecture", platform.architecture}, {"OS", platform.os}};
  if (!platform.variant.empty()) json["Variant"] = platform.variant;
  return json;
}

void put(Json& json, const char* name, const std::string& text) {
  if (!text.empty()) json[name] = text;
}

/// An object of one member; braces alone are read as a list by some compilers.
Json object(const char* name, Json value) {
  Json json = Json::object();
  json[name] = std::move(value);
  return json;
}

Json list(Json only) {
  Json json = Json::array();
  json.push_back(std::move(only));
  return json;
}

/// What is read from beside the file system that a step stands on.
Json to_json(const FileSource& from, const Names& names) {
  if (const auto* context = std::get_if<ContextRef>(&from))
    return "context:" + (context->name.empty() ? "context" : context->name);
  const auto& tree = std::get<TreeRef>(from);
  return tree.step ? names.at(*tree.step) : "scratch";
}

const char* name_of(parser::MountType type) {
  switch (type) {
    case parser::MountType::bind:
      return "bind";
    case parser::MountType::cache:
      return "cache";
    case parser::MountType::tmpfs:
      return "tmpfs";
    case parser::MountType::secret:
      return "secret";
    case parser::MountType::ssh:
      return "ssh";
  }
  return "";
}

Json to_json(const RunMount& mount, const Names& names) {
  using Type = parser::MountType;
  Json json = object("mountType", name_of(mount.type));
  put(json, "dest", mount.target);
  put(json, "id", mount.id);
  put(json, "env", mount.env.value_or(""));
  if (mount.type == Type::bind || (mount.type == Type::cache && mount.has_base)) {
    json["from"] = to_json(mount.from, names);
    put(json, "selector", mount.source);
  }
  if (mount.read_only) json["readonly"] = true;
  if ((mount.type == Type::secret || mount.type == Type::ssh) && !mount.required)
    json["optional"] = true;
  return json;
}

struct OpDescriber {
  const Names& names;

  Json operator()(const BaseOp& op) const {
    auto reference = op.image->reference;
    reference.digest = op.image->digest;
    const std::string scheme = op.image->in_layout ? "oci-layout://" : "docker-image://";
    return object("source", object("identifier", scheme + reference.str()));
  }
  Json operator()(const WorkdirOp& op) const {
    Json made = {{"path", op.path}};
    put(made, "owner", op.user);
    return object("file", object("actions", list(object("mkdir", std::move(made)))));
  }
  Json operator()(const CopyOp& op) const {
    Json actions = Json::array();
    for (const auto& path : op.paths) {
      Json copy = {{"src", without_credentials(path.text)}, {"dest", op.destination}};
      if (path.is_local()) copy["from"] = to_json(op.from, names);
      put(copy, "owner", op.chown);
      put(copy, "mode", op.chmod);
      if (!op.excludes.empty()) copy["excludePatterns"] = op.excludes;
      if (op.parents) copy["parents"] = true;
      if (path.is_local() ? op.unpack : op.unpack_remote) copy["attemptUnpack"] = true;
      actions.push_back(object("copy", std::move(copy)));
    }
    for (const auto& file : op.inline_files) {
      Json made = {{"path", file.name}, {"dest", op.destination}, {"data", file.content}};
      put(made, "owner", op.chown);
      put(made, "mode", op.chmod);
      actions.push_back(object("mkfile", std::move(made)));
    }
    Json file = object("actions", std::move(actions));
    if (op.link) file["link"] = true;
    return object("file", std::move(file));
  }
  Json operator()(const RunOp& op) const {
    Json meta = object("args", op.argv);
    meta["env"] = Json::array();
    for (const auto& [name, value] : op.env.items()) meta["env"].push_back(join_env(name, value));
    meta["cwd"] = op.working_dir;
    put(meta, "user", op.user);
    put(meta, "hostname", op.hostname);
    Json exec = object("meta", std::move(meta));
    if (op.script) exec["script"] = op.script->content;
    if (!op.mounts.empty()) exec["mounts"] = Json::array();
    for (const auto& mount : op.mounts) exec["mounts"].push_back(to_json(mount, names));
    exec["network"] = op.network;
    if (op.insecure) exec["security"] = "insecure";
    for (const auto& device : op.devices) {
      Json named = {{"name", device.name}};
      if (!device.required) named["optional"] = true;
      exec["cdiDevices"].push_back(std::move(named));
    }
    return object("exec", std::move(exec));
  }
};

/// The layer that a step added to those below it; none for bases, which bring several.
std::optional<base::Digest> layer_of(const Step& step, const std::vector<StepResult>& results) {
  if (std::holds_alternative<BaseOp>(step.op)) return std::nullopt;
  const auto& chain = results.at(step.id).chain;
  const std::size_t below = step.parent ? results.at(*step.parent).chain.size() : 0;
  if (chain.size() != below + 1) return std::nullopt;
  return chain.top().diff_id;
}

}  // namespace

Json describe_steps(const std::vector<const Step*>& steps, const std::vector<StepResult>& results) {
  const auto names = number(steps);
  Json described = Json::array();
  for (const auto* step : steps) {
    Json json = {{"id", names.at(step->id)}, {"name", step->name}};
    json["op"] = std::visit(OpDescriber{names}, step->op);
    json["platform"] = to_json(step->platform);
    for (const auto input : step->dependencies()) json["inputs"].push_back(names.at(input));
    if (const auto layer = layer_of(*step, results)) json["diffID"] = layer->str();
    described.push_back(std::move(json));
  }
  return described;
}

Json describe_source(const std::vector<const Step*>& steps, const BuildRequest& request) {
  Json source;
  Json locations = Json::object();
  const auto names = number(steps);
  for (const auto* step : steps) {
    if (!step->range.known()) continue;
    locations[names.at(step->id)] = object("locations", list(line_ranges_json(step->range)));
  }
  if (!locations.empty()) source["locations"] = std::move(locations);
  Json info = object("filename", request.origin.dockerfile_path);
  info["language"] = "Dockerfile";
  info["data"] = base::encode_base64(request.dockerfile);
  source["infos"] = list(std::move(info));
  return source;
}

}  // namespace ibuild::builder
