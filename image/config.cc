// See: image-spec/config.md; moby's image specification for Healthcheck, OnBuild and Shell.
#include "image/config.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "image/config_reader.h"
#include "image/json_access.h"
#include "image/platform_json.h"

namespace ibuild::image {

namespace {

constexpr const char* kInlineCacheField = "ibuild.cache.v1";

using nlohmann::ordered_json;
using std::chrono::nanoseconds;

std::string read_time(const JsonValue& object) {
  const auto member = object.find("created");
  if (!member) return {};
  std::string text = member->as_string();
  if (!base::parse_rfc3339(text)) member->fail("is not an RFC 3339 time");
  return text;
}

/// The keys of an object whose values are empty objects.
std::set<std::string> read_key_set(const std::optional<JsonValue>& object) {
  std::set<std::string> keys;
  if (!object) return keys;
  for (const auto& [key, value] : object->as_members()) {
    (void)value.as_members();
    keys.insert(key);
  }
  return keys;
}

std::optional<std::vector<std::string>> read_command(const JsonValue& object,
                                                     std::string_view key) {
  const auto member = object.find_or_null(key);
  if (!member) return std::nullopt;
  return member->as_strings();
}

nanoseconds read_duration(const JsonValue& object, std::string_view key) {
  const auto member = object.find(key);
  if (!member) return nanoseconds{0};
  return nanoseconds{static_cast<std::int64_t>(member->as_size())};
}

Healthcheck read_healthcheck(const JsonValue& object) {
  Healthcheck check;
  check.test = object.strings_or_empty("Test");
  check.interval = read_duration(object, "Interval");
  check.timeout = read_duration(object, "Timeout");
  check.start_period = read_duration(object, "StartPeriod");
  check.start_interval = read_duration(object, "StartInterval");
  if (const auto retries = object.find("Retries")) {
    check.retries = static_cast<std::int64_t>(retries->as_size());
  }
  return check;
}

RuntimeConfig read_runtime_config(const JsonValue& object) {
  RuntimeConfig config;
  config.user = object.string_or_empty("User");
  config.exposed_ports = read_key_set(object.find("ExposedPorts"));
  config.env = object.strings_or_empty("Env");
  config.entrypoint = read_command(object, "Entrypoint");
  config.cmd = read_command(object, "Cmd");
  config.volumes = read_key_set(object.find_or_null("Volumes"));
  config.working_dir = object.string_or_empty("WorkingDir");
  if (const auto labels = object.find_or_null("Labels")) config.labels = labels->as_string_map();
  config.stop_signal = object.string_or_empty("StopSignal");
  if (const auto args_escaped = object.find("ArgsEscaped")) {
    config.args_escaped = args_escaped->as_bool();
  }
  if (const auto check = object.find_or_null("Healthcheck")) {
    config.healthcheck = read_healthcheck(*check);
  }
  if (const auto triggers = object.find_or_null("OnBuild"))
    config.on_build = triggers->as_strings();
  if (const auto shell = object.find_or_null("Shell")) config.shell = shell->as_strings();
  return config;
}

HistoryEntry read_history_entry(const JsonValue& object) {
  HistoryEntry entry;
  entry.created = read_time(object);
  entry.created_by = object.string_or_empty("created_by");
  entry.author = object.string_or_empty("author");
  entry.comment = object.string_or_empty("comment");
  if (const auto empty = object.find("empty_layer")) entry.empty_layer = empty->as_bool();
  return entry;
}

std::vector<base::Digest> read_diff_ids(const JsonValue& rootfs) {
  const JsonValue type = rootfs.at("type");
  if (type.as_string() != "layers") type.fail("expected \"layers\"");
  std::vector<base::Digest> diff_ids;
  const auto list = rootfs.find("diff_ids");
  if (!list) return diff_ids;  // moby leaves it out where there are none
  for (const JsonValue& item : list->as_list()) {
    const auto digest = base::Digest::try_parse(item.as_string());
    if (!digest) item.fail("is not a sha256, sha384 or sha512 digest");
    diff_ids.push_back(*digest);
  }
  return diff_ids;
}

/// By way of a map: a member that is added to an object by its key is looked for among all before
/// it, and EXPOSE 1-65535 is a line of a Dockerfile.
ordered_json key_set_json(const std::set<std::string>& keys) {
  std::map<std::string, ordered_json> members;
  for (const std::string& key : keys) members.emplace(key, ordered_json::object());
  return members;
}

/// Adds a member unless it is empty, as Go's omitempty does.
template <typename T>
void add(ordered_json& object, const char* key, const T& value) {
  if (!value.empty()) object[key] = value;
}

ordered_json healthcheck_json(const Healthcheck& check) {
  ordered_json object = ordered_json::object();
  add(object, "Test", check.test);
  auto add_number = [&](const char* key, std::int64_t value) {
    if (value != 0) object[key] = value;
  };
  add_number("Interval", check.interval.count());
  add_number("Timeout", check.timeout.count());
  add_number("StartPeriod", check.start_period.count());
  add_number("StartInterval", check.start_interval.count());
  add_number("Retries", check.retries);
  return object;
}

ordered_json runtime_config_json(const RuntimeConfig& config) {
  ordered_json object = ordered_json::object();
  add(object, "User", config.user);
  add(object, "ExposedPorts", key_set_json(config.exposed_ports));
  add(object, "Env", config.env);
  if (config.entrypoint) add(object, "Entrypoint", *config.entrypoint);
  if (config.cmd) add(object, "Cmd", *config.cmd);
  add(object, "Volumes", key_set_json(config.volumes));
  add(object, "WorkingDir", config.working_dir);
  add(object, "Labels", config.labels);
  add(object, "StopSignal", config.stop_signal);
  if (config.args_escaped) object["ArgsEscaped"] = true;
  if (config.healthcheck) object["Healthcheck"] = healthcheck_json(*config.healthcheck);
  add(object, "OnBuild", config.on_build);
  add(object, "Shell", config.shell);
  return object;
}

ordered_json history_json(const std::vector<HistoryEntry>& history) {
  ordered_json list = ordered_json::array();
  for (const HistoryEntry& entry : history) {
    ordered_json object = ordered_json::object();
    add(object, "created", entry.created);
    add(object, "created_by", entry.created_by);
    add(object, "author", entry.author);
    add(object, "comment", entry.comment);
    if (entry.empty_layer) object["empty_layer"] = true;
    list.push_back(std::move(object));
  }
  return list;
}

bool has_key(std::string_view entry, std::string_view key) {
  return entry.starts_with(key) && entry.size() > key.size() && entry[key.size()] == '=';
}

}  // namespace

std::optional<std::string> RuntimeConfig::env_value(std::string_view key) const {
  for (const std::string& entry : env) {
    if (has_key(entry, key)) return entry.substr(key.size() + 1);
  }
  return std::nullopt;
}

void RuntimeConfig::set_env(std::string_view key, std::string_view value) {
  std::string entry = std::string(key) + "=" + std::string(value);
  const auto found = std::find_if(env.begin(), env.end(),
                                  [&](const std::string& old) { return has_key(old, key); });
  if (found == env.end()) {
    env.push_back(std::move(entry));
  } else {
    *found = std::move(entry);
  }
}

ImageConfig read_image_config(const JsonValue& document) {
  ImageConfig image;
  image.created = read_time(document);
  image.author = document.string_or_empty("author");
  image.platform = read_platform(document);
  if (const auto config = document.find("config")) image.config = read_runtime_config(*config);
  image.diff_ids = read_diff_ids(document.at("rootfs"));
  if (const auto history = document.find("history")) {
    for (const JsonValue& item : history->as_list()) {
      image.history.push_back(read_history_entry(item));
    }
  }
  image.inline_cache = document.string_or_empty(kInlineCacheField);
  return image;
}

ImageConfig parse_image_config(std::string_view json) {
  const auto parsed = parse_untrusted_json(json, "image config");
  return read_image_config(JsonValue(parsed, "image config"));
}

std::string to_json(const ImageConfig& image) {
  ordered_json object = ordered_json::object();
  add(object, "created", image.created);
  add(object, "author", image.author);
  append_platform(object, image.platform);
  object["config"] = runtime_config_json(image.config);
  ordered_json& rootfs = object["rootfs"];
  rootfs["type"] = "layers";
  rootfs["diff_ids"] = ordered_json::array();
  for (const base::Digest& diff_id : image.diff_ids) rootfs["diff_ids"].push_back(diff_id.str());
  if (!image.history.empty()) object["history"] = history_json(image.history);
  add(object, kInlineCacheField, image.inline_cache);
  return dump_json(object);
}

}  // namespace ibuild::image
