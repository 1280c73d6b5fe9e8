#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "image/platform.h"

namespace ibuild::image {

/// Docker's extension of the OCI config. Durations in nanoseconds, 0 = inherit.
struct Healthcheck {
  std::vector<std::string> test;  // {"NONE"}, {"CMD", …} or {"CMD-SHELL", "…"}
  std::chrono::nanoseconds interval{0};
  std::chrono::nanoseconds timeout{0};
  std::chrono::nanoseconds start_period{0};
  std::chrono::nanoseconds start_interval{0};
  std::int64_t retries = 0;
  bool operator==(const Healthcheck&) const = default;
};

/// The "config" object: how to run the image. See: image-spec/config.md; moby's image spec for the
/// rest.
struct RuntimeConfig {
  std::string user;
  std::set<std::string> exposed_ports;  // "8000/tcp"
  std::vector<std::string> env;         // "K=V" in order
  std::optional<std::vector<std::string>> entrypoint;
  std::optional<std::vector<std::string>> cmd;
  std::set<std::string> volumes;
  std::string working_dir;
  std::map<std::string, std::string> labels;
  std::string stop_signal;
  std::optional<Healthcheck> healthcheck;
  std::vector<std::string> on_build;
  std::vector<std::string> shell;
  bool args_escaped = false;
  bool operator==(const RuntimeConfig&) const = default;

  /// The value of an environment variable; none when unset.
  std::optional<std::string> env_value(std::string_view key) const;
  /// Replaces in place or appends.
  void set_env(std::string_view key, std::string_view value);
};

struct HistoryEntry {
  std::string created;  // RFC 3339; empty = absent
  std::string created_by;
  std::string author;
  std::string comment;
  bool empty_layer = false;
  bool operator==(const HistoryEntry&) const = default;
};

/// The image configuration. See: image-spec/config.md.
struct ImageConfig {
  std::string created;  // RFC 3339; empty = absent
  std::string author;
  Platform platform;
  RuntimeConfig config;
  std::vector<base::Digest> diff_ids;
  std::vector<HistoryEntry> history;
  std::string inline_cache;  // ibuild's own field "ibuild.cache.v1": JSON as text; empty = absent
  bool operator==(const ImageConfig&) const = default;
};

/// Null stands for absent, as Docker writes it. The platform stays as it was written (normalize()
/// it to compare). Throws: base::ContentError naming the field.
ImageConfig parse_image_config(std::string_view json);
/// Canonical JSON: key order of moby's and the image-spec's Go structs, no blanks, empty fields
/// left out as Go's omitempty.
std::string to_json(const ImageConfig& config);

inline constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace ibuild::image
