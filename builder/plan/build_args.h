#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/plan/env_list.h"
#include "image/platform.h"
#include "parser/dockerfile.h"
#include "parser/expansion.h"

namespace ibuild::builder {

using BuildArgMap = std::map<std::string, std::optional<std::string>>;

/// The scope outside of all stages: the platform args that every build has, the ARGs before the
/// first FROM, and what
/// --build-arg gave. Immutable after construction.
class GlobalArgs {
 public:
  struct Setting {
    image::Platform build_platform;
    image::Platform target_platform;
    std::string target_stage;  // empty: "default"
  };
  /// Throws: parser::DockerfileError for a bad substitution in a default.
  GlobalArgs(const parser::StageList& stages, const BuildArgMap& given, const Setting& setting);

  /// What --build-arg says.
  std::optional<std::string> given(std::string_view name) const;
  /// A global ARG's or a platform arg's value; --build-arg already applied.
  std::optional<std::string> value(std::string_view name) const { return values_.get(name); }
  parser::VariableLookup lookup() const;
  std::vector<std::string> names() const { return values_.names(); }
  /// BUILDPLATFORM, TARGETARCH and so on, --build-arg applied.
  std::map<std::string, std::string> platform_args() const;
  /// Proxy settings given by --build-arg, in both spellings, ready for a step's environment.
  const std::vector<std::pair<std::string, std::string>>& proxy_env() const { return proxy_env_; }
  /// The same, but SOURCE_DATE_EPOCH, where it is set at all, is this time; without one it is not
  /// set.
  GlobalArgs with_source_date_epoch(std::optional<std::chrono::sys_seconds> time) const;

 private:
  BuildArgMap given_;
  EnvList values_;
  std::vector<std::pair<std::string, std::string>> proxy_env_;
};

/// --build-arg names that are not among `declared` and that ibuild does not know by itself.
std::vector<std::string> unconsumed_build_args(const BuildArgMap& given,
                                               const std::set<std::string>& declared);

}  // namespace ibuild::builder
