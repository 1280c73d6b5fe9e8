// See: image-spec/config.md "Properties" for layers and history.
#include "image/rebase.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/error.h"

namespace ibuild::image {

namespace {

[[noreturn]] void refuse(const std::string& why, const std::string& hint) {
  base::Error error("it is not sure that this rebase is safe: " + why);
  error.set_hint(hint);
  throw error;
}

constexpr const char* kNameTheBase = "name the image that it was built on with --old-base";
constexpr const char* kBuildAnew = "build it anew on the new base";

void check_history(const RebasePart& part) {
  const auto counted = std::ranges::count_if(
      part.config.history, [](const HistoryEntry& entry) { return !entry.empty_layer; });
  const auto layers = part.config.diff_ids.size();
  if (static_cast<std::size_t>(counted) == layers) return;
  refuse("the history of " + part.name + " tells of " + std::to_string(counted) +
             " layers, but it has " + std::to_string(layers),
         kBuildAnew);
}

/// Builders may write a time in another form.
bool are_same_time(const std::string& one, const std::string& other) {
  return one == other ||
         (base::parse_rfc3339(one) && base::parse_rfc3339(one) == base::parse_rfc3339(other));
}

bool are_same(const HistoryEntry& one, const HistoryEntry& other) {
  return one.created_by == other.created_by && one.empty_layer == other.empty_layer &&
         one.author == other.author && one.comment == other.comment &&
         are_same_time(one.created, other.created);
}

void check_stands_on(const RebasePart& image, const RebasePart& old_base) {
  const auto& layers = image.config.diff_ids;
  const auto& old_layers = old_base.config.diff_ids;
  const std::string stands = image.name + " does not stand on " + old_base.name + ": ";
  if (old_layers.empty()) refuse(old_base.name + " has no layers to be recognised by", kBuildAnew);
  if (old_layers.size() > layers.size()) {
    refuse(stands + "it has " + std::to_string(layers.size()) + " layers, that one " +
               std::to_string(old_layers.size()),
           kNameTheBase);
  }
  const auto [layer, old_layer] = std::ranges::mismatch(layers, old_layers);
  if (old_layer != old_layers.end()) {
    refuse(stands + "layer " + std::to_string(old_layer - old_layers.begin() + 1) + " is " +
               layer->str() + " here and " + old_layer->str() + " there",
           kNameTheBase);
  }
  const auto& history = image.config.history;
  const auto& old_history = old_base.config.history;
  const auto [entry, old_entry] = std::ranges::mismatch(history, old_history, are_same);
  if (old_entry != old_history.end()) {
    refuse("the layers of " + image.name + " begin with those of " + old_base.name +
               ", but its history differs from entry " +
               std::to_string(old_entry - old_history.begin() + 1) + " on",
           kNameTheBase);
  }
}

void check_platform(const RebasePart& one, const RebasePart& other) {
  const auto first = normalize(one.config.platform);
  const auto second = normalize(other.config.platform);
  if (first == second) return;
  refuse(one.name + " is for " + first.str_with_version() + ", " + other.name + " for " +
             second.str_with_version(),
         "name images of one platform");
}

void check_triggers(const RebasePart& old_base, const RebasePart& new_base) {
  if (old_base.config.config.on_build == new_base.config.config.on_build) return;
  refuse("the ONBUILD instructions of " + new_base.name + " are others than those of " +
             old_base.name + ", which the image was built with",
         kBuildAnew);
}

using Values = std::map<std::string, std::string>;

/// "K=V" by K; the last one counts. An entry without "=" has itself as its value.
Values by_name(const std::vector<std::string>& env) {
  Values values;
  for (const auto& entry : env) values[entry.substr(0, entry.find('='))] = entry;
  return values;
}

std::optional<std::string> find(const Values& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

class Merger {
 public:
  Merger(const RuntimeConfig& image, const RuntimeConfig& old_base, const RuntimeConfig& new_base)
      : image_(image), old_(old_base), new_(new_base) {}

  RuntimeConfig merge() {
    RuntimeConfig merged;
    merged.user = choose("user", &RuntimeConfig::user);
    merged.exposed_ports = choose_entries(&RuntimeConfig::exposed_ports);
    merged.env = choose_env();
    choose_command(merged);
    merged.volumes = choose_entries(&RuntimeConfig::volumes);
    merged.working_dir = choose("working directory", &RuntimeConfig::working_dir);
    merged.labels = choose_values("label ", image_.labels, old_.labels, new_.labels);
    merged.stop_signal = choose("stop signal", &RuntimeConfig::stop_signal);
    merged.healthcheck = choose("health check", &RuntimeConfig::healthcheck);
    merged.on_build = image_.on_build;  // those of a base are used up by the build
    merged.shell = choose("shell", &RuntimeConfig::shell);
    return merged;
  }
  std::vector<std::string> take_kept() { return std::move(kept_); }

  template <class T>
  T choose_one(const std::string& what, const T& image, const T& old_base, const T& new_base) {
    if (image == old_base) return new_base;
    if (old_base != new_base && image != new_base) kept_.push_back(what);
    return image;
  }

 private:
  template <class T>
  T choose(const std::string& what, T RuntimeConfig::*member) {
    return choose_one(what, image_.*member, old_.*member, new_.*member);
  }

  /// An ENTRYPOINT takes the base's CMD away, so a build gives the image none but its own.
  void choose_command(RuntimeConfig& merged) {
    merged.entrypoint = choose("entrypoint", &RuntimeConfig::entrypoint);
    merged.cmd =
        image_.entrypoint == old_.entrypoint ? choose("command", &RuntimeConfig::cmd) : image_.cmd;
    const bool own = image_.entrypoint != old_.entrypoint || image_.cmd != old_.cmd;
    merged.args_escaped = own ? image_.args_escaped : new_.args_escaped;
  }

  Values choose_values(const std::string& kind, const Values& image, const Values& old_base,
                       const Values& new_base) {
    std::set<std::string> keys;
    for (const auto* values : {&image, &old_base, &new_base}) {
      for (const auto& [key, value] : *values) keys.insert(key);
    }
    Values merged;
    for (const auto& key : keys) {
      auto value =
          choose_one(kind + key, find(image, key), find(old_base, key), find(new_base, key));
      if (value) merged.emplace(key, *std::move(value));
    }
    return merged;
  }

  /// Those of the new base in its order, then the image's own in theirs.
  std::vector<std::string> choose_env() {
    auto values = choose_values("env ", by_name(image_.env), by_name(old_.env), by_name(new_.env));
    std::vector<std::string> merged;
    for (const auto* env : {&new_.env, &image_.env}) {
      for (const auto& entry : *env) {
        auto value = values.extract(entry.substr(0, entry.find('=')));
        if (value) merged.push_back(std::move(value.mapped()));
      }
    }
    return merged;
  }

  std::set<std::string> choose_entries(std::set<std::string> RuntimeConfig::*member) const {
    std::set<std::string> merged = new_.*member;
    for (const auto& entry : image_.*member) {
      if (!(old_.*member).contains(entry)) merged.insert(entry);
    }
    for (const auto& entry : old_.*member) {
      if (!(image_.*member).contains(entry)) merged.erase(entry);
    }
    return merged;
  }

  const RuntimeConfig& image_;
  const RuntimeConfig& old_;
  const RuntimeConfig& new_;
  std::vector<std::string> kept_;
};

/// The later of two times; what is none comes first.
std::string later(const std::string& one, const std::string& other) {
  return base::parse_rfc3339(one) < base::parse_rfc3339(other) ? other : one;
}

template <class T>
std::vector<T> join_on(std::vector<T> new_base, const std::vector<T>& image, std::size_t old_size) {
  std::copy(image.begin() + static_cast<std::ptrdiff_t>(old_size), image.end(),
            std::back_inserter(new_base));
  return new_base;
}

}  // namespace

RebasedConfig rebase_config(const RebasePart& image, const RebasePart& old_base,
                            const RebasePart& new_base) {
  for (const auto* part : {&image, &old_base, &new_base}) check_history(*part);
  check_stands_on(image, old_base);
  check_platform(image, old_base);
  check_platform(image, new_base);
  check_triggers(old_base, new_base);

  const auto& own = image.config;
  const auto& before = old_base.config;
  const auto& now = new_base.config;
  Merger merger(own.config, before.config, now.config);
  RebasedConfig rebased;
  rebased.config.created = later(own.created, now.created);
  rebased.config.author = merger.choose_one("author", own.author, before.author, now.author);
  rebased.config.platform = now.platform;
  rebased.config.config = merger.merge();
  rebased.config.diff_ids = join_on(now.diff_ids, own.diff_ids, before.diff_ids.size());
  rebased.config.history = join_on(now.history, own.history, before.history.size());
  rebased.kept = merger.take_kept();
  return rebased;
}

}  // namespace ibuild::image
