#include "builder/cdi/cdi_device.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "builder/cdi/yaml.h"

namespace ibuild::builder {

namespace {

using nlohmann::json;

constexpr const char* kAllowAnnotation = "org.mobyproject.buildkit.device.autoallow";

[[noreturn]] void fail(const std::string& what) { throw base::ContentError(what); }

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Letters, digits and `more`; a letter or digit at both ends.
bool is_word(std::string_view text, std::string_view more) {
  if (text.empty() || !is_letter_or_digit(text.front()) || !is_letter_or_digit(text.back())) {
    return false;
  }
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || more.find(c) != std::string_view::npos;
  });
}

bool is_kind(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && is_word(text.substr(0, slash), "-_.") &&
         is_word(text.substr(slash + 1), "-_.");
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_integer()) return found->dump();  // a name such as 0
  fail(std::string(key) + " is no text");
}

std::string absolute_path(const json& object, const char* key) {
  std::string path = text_of(object, key);
  if (!path.starts_with('/')) fail(std::string(key) + " is no absolute path");
  return path;
}

/// `visit(element)` for each of a list, which may be missing.
template <typename Visit>
void for_each(const json& object, const char* key, const Visit& visit) {
  const auto list = object.find(key);
  if (list == object.end() || list->is_null()) return;
  if (!list->is_array()) fail(std::string(key) + " is no list");
  for (const json& element : *list) visit(element);
}

std::vector<std::string> texts_of(const json& object, const char* key) {
  std::vector<std::string> texts;
  for_each(object, key, [&](const json& element) {
    if (!element.is_string()) fail(std::string(key) + " holds what is no text");
    texts.push_back(element.get<std::string>());
  });
  return texts;
}

void require_object(const json& value, const std::string& what) {
  if (!value.is_object()) fail(what + " is no object");
}

void read_node(const json& node, CdiEdits& edits) {
  require_object(node, "a device node");
  const std::string target = absolute_path(node, "path");
  const std::string host_path =
      node.contains("hostPath") ? absolute_path(node, "hostPath") : target;
  edits.nodes.push_back({host_path, target});
  // The node is the host's own.
  for (const char* key : {"fileMode", "uid", "gid"}) {
    if (node.contains(key) && !node.at(key).is_null()) {
      edits.unsupported.push_back(std::string(key) + " of the device node " + target);
    }
  }
  const std::string rights = text_of(node, "permissions");
  if (!rights.empty() && rights != "rwm" && rights != "rw") {
    edits.unsupported.push_back("the permissions " + rights + " of the device node " + target);
  }
}

void read_mount(const json& mount, CdiEdits& edits) {
  require_object(mount, "a mount");
  CdiMount made{absolute_path(mount, "hostPath"), absolute_path(mount, "containerPath")};
  const std::string type = text_of(mount, "type");
  if (!type.empty() && type != "bind") {
    edits.unsupported.push_back("the mount of type " + type + " at " + made.target);
  }
  for (const std::string& option : texts_of(mount, "options")) {
    if (option == "ro") made.read_only = true;
    if (option == "nosuid") made.ignores_setuid = true;
    // The others that are known are so in any case.
    constexpr std::string_view kKnown[] = {"ro",     "rw",      "bind",     "rbind",  "nodev",
                                           "nosuid", "private", "rprivate", "rslave", "slave"};
    if (std::find(std::begin(kKnown), std::end(kKnown), option) == std::end(kKnown)) {
      edits.unsupported.push_back("the option " + option + " of the mount at " + made.target);
    }
  }
  edits.mounts.push_back(std::move(made));
}

void read_gids(const json& object, CdiEdits& edits) {
  for_each(object, "additionalGids", [&](const json& gid) {
    if (!gid.is_number_unsigned() && !(gid.is_number_integer() && gid.get<std::int64_t>() >= 0)) {
      fail("additionalGids holds what is no id");
    }
    const auto number = gid.get<std::uint64_t>();
    if (number >= 0xffffffffU) fail("additionalGids holds what is no id");
    if (number != 0) edits.additional_gids.push_back(static_cast<std::uint32_t>(number));
  });
}

void require_variable(const std::string& variable) {
  if (variable.find('=') == std::string::npos || variable.starts_with('='))
    fail("env holds what is no K=V");
}

std::optional<sandbox::Hook::When> time_of(const std::string& name) {
  using When = sandbox::Hook::When;
  // Runtimes run them one after the other, at the same time.
  if (name == "prestart" || name == "createRuntime") return When::create_runtime;
  if (name == "createContainer") return When::create_container;
  if (name == "startContainer") return When::start_container;
  return std::nullopt;
}

void read_hook(const json& hook, CdiEdits& edits) {
  require_object(hook, "a hook");
  const std::string name = text_of(hook, "hookName");
  const std::string path = absolute_path(hook, "path");
  const auto when = time_of(name);
  if (!when) {
    edits.unsupported.push_back("the hook " + name + " " + path);
    return;
  }
  sandbox::Hook made{*when, path, texts_of(hook, "args"), texts_of(hook, "env"), {}};
  for (const auto& variable : made.env) require_variable(variable);
  if (const auto timeout = hook.find("timeout"); timeout != hook.end() && !timeout->is_null()) {
    constexpr std::int64_t kLongest = 24LL * 60 * 60;
    if (!timeout->is_number_integer()) fail("the timeout of a hook is no number");
    const auto seconds = timeout->get<std::int64_t>();
    if (seconds < 0 || seconds > kLongest) fail("the timeout of a hook is out of range");
    made.timeout = std::chrono::seconds(seconds);
  }
  edits.hooks.push_back(std::move(made));
}

CdiEdits read_edits(const json& owner) {
  CdiEdits edits;
  const auto found = owner.find("containerEdits");
  if (found == owner.end() || found->is_null()) return edits;
  require_object(*found, "containerEdits");
  edits.env = texts_of(*found, "env");
  for (const auto& variable : edits.env) require_variable(variable);
  for_each(*found, "deviceNodes", [&](const json& node) { read_node(node, edits); });
  for_each(*found, "mounts", [&](const json& mount) { read_mount(mount, edits); });
  read_gids(*found, edits);
  for_each(*found, "hooks", [&](const json& hook) { read_hook(hook, edits); });
  for (const char* key : {"intelRdt", "netDevices"}) {
    if (found->contains(key) && !found->at(key).empty()) edits.unsupported.emplace_back(key);
  }
  return edits;
}

void read_annotations(const json& owner, std::map<std::string, std::string>& annotations) {
  const auto found = owner.find("annotations");
  if (found == owner.end() || found->is_null()) return;
  require_object(*found, "annotations");
  for (const auto& [key, value] : found->items()) {
    annotations[key] = value.is_string() ? value.get<std::string>() : value.dump();
  }
}

}  // namespace

void CdiEdits::add(const CdiEdits& more) {
  const auto append = [](auto& list, const auto& rest) {
    list.insert(list.end(), rest.begin(), rest.end());
  };
  append(env, more.env);
  append(nodes, more.nodes);
  append(mounts, more.mounts);
  append(hooks, more.hooks);
  append(additional_gids, more.additional_gids);
  append(unsupported, more.unsupported);
}

bool CdiDevice::is_allowed_to_all() const {
  const auto found = annotations.find(kAllowAnnotation);
  return found != annotations.end() && base::parse_go_bool(found->second).value_or(false);
}

bool is_cdi_name(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return is_kind(text);
  const std::string_view name = text.substr(equals + 1);
  return is_kind(text.substr(0, equals)) && (name == "*" || is_word(name, "-_.:"));
}

std::vector<CdiDevice> parse_cdi_file(std::string_view text) {
  const json file = parse_yaml(text);
  require_object(file, "the file");
  if (text_of(file, "cdiVersion").empty()) fail("cdiVersion is missing");
  const std::string kind = text_of(file, "kind");
  if (!is_kind(kind)) fail("kind " + base::printable(kind) + " is not vendor/class");
  std::map<std::string, std::string> shared_annotations;
  read_annotations(file, shared_annotations);
  const CdiEdits shared = read_edits(file);
  std::vector<CdiDevice> devices;
  for_each(file, "devices", [&](const json& entry) {
    require_object(entry, "a device");
    CdiDevice device{kind + "=" + text_of(entry, "name"), shared_annotations, shared};
    if (!is_cdi_name(device.name) || device.name.ends_with("=*"))
      fail("a device has the name " + base::printable(text_of(entry, "name")));
    read_annotations(entry, device.annotations);
    device.edits.add(read_edits(entry));
    devices.push_back(std::move(device));
  });
  return devices;
}

}  // namespace ibuild::builder
