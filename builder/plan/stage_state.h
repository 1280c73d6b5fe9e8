#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "builder/plan/build_plan.h"
#include "builder/plan/declared_args.h"
#include "builder/plan/env_list.h"
#include "image/config.h"

namespace ibuild::builder {

/// All that changes while a stage's instructions take effect one after the other.
struct StageState {
  std::string shown_name;       // in vertex names; may be empty
  std::string identity;         // "build", or the stage's number
  image::Platform platform;     // that the stage is for; a lone base may be for another
  bool names_platform = false;  // in vertex names
  image::ImageConfig image;     // configuration so far; history is kept apart
  std::vector<PlannedHistory> history;
  EnvList env;  // ENV and ARG, as a RUN sees them
  /// An ARG or a second ENV of one name: value or order of the image's variables differ in `env`.
  bool env_has_changed = false;
  std::size_t env_handed_on = 0;  // variables, by all FROMs that this stage stands on
  DeclaredArgs build_args;
  std::optional<StepId> tip;
  bool ignore_cache = false;
  bool scan_stage = false;    // what BUILDKIT_SBOM_SCAN_STAGE says of this stage
  bool scan_context = false;  // BUILDKIT_SBOM_SCAN_CONTEXT
  bool cmd_set = false;       // by this stage itself
  std::size_t vertices_total = 0;
  std::size_t vertices_named = 0;
  std::size_t steps_made = 0;  // by this stage itself

  /// Takes over what FROM <stage> hands on. What the image says of a variable counts again from
  /// here on, also where an ARG came after its ENV. Throws: base::UsageError where chains of stages
  /// have more variables than anybody writes.
  void inherit(StageState base);
  /// Takes over what FROM <image> hands on: configuration, environment, history. Adds PATH where
  /// there is none.
  void adopt_image(const image::ImageConfig& config);
  /// A stage that starts from nothing.
  void start_empty(const image::Platform& for_platform);

  /// "[build 2/7] " and the next number, "[linux/amd64->arm64 build 2/7] " where platforms are
  /// named; nothing in a stage that has no numbered step.
  std::string next_vertex_prefix(bool is_trigger);
  /// An absolute path made of the working directory and `path`, as it is written into the
  /// configuration: an absolute `path` is kept as it is.
  std::string resolve_workdir(const std::string& path) const;
  /// The working directory of the next step; "/" where none is set.
  std::string working_dir() const;
  /// The shell form's words before the command.
  std::vector<std::string> shell() const;
  /// An image for Windows has another shell, and no PATH of ours.
  bool is_windows() const;
  void add_history(std::string created_by, std::optional<StepId> step = std::nullopt);

 private:
  /// Sets the image's variables, in its order and behind all others.
  void apply_image_env();
};

}  // namespace ibuild::builder
