#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "builder/plan/op.h"
#include "image/config.h"
#include "parser/diagnostic.h"
#include "parser/source_range.h"

namespace ibuild::builder {

/// A node of the plan: an operation on the file system of its parent.
struct Step {
  StepId id = 0;
  Op op;
  std::optional<StepId>
      parent;            // the step whose result this one stands on; none: an empty file system
  std::string name;      // as people see it: "[build 2/7] RUN make"
  std::string identity;  // the same step in another build: "build/2" (stage, which of its steps)
  image::Platform platform;   // of its stage
  bool ignore_cache = false;  // --no-cache, --no-cache-filter
  parser::SourceRange range;  // of its instruction

  /// Every step whose result must be known first: the parent and what the operation reads.
  std::vector<StepId> dependencies() const;
};

/// One line of the image's history, before layers and times are known.
struct PlannedHistory {
  image::HistoryEntry entry;   // `created` and `empty_layer` hold only for entries of the base
  std::optional<StepId> step;  // the step that may make its layer
  bool from_base = false;
};

/// What the target stage makes: an image but for its layers and times.
struct PlannedImage {
  image::ImageConfig config;  // without diff-ids and history
  std::vector<PlannedHistory> history;
  std::optional<StepId> tip;  // the last step; none: no layer at all
  image::Platform platform;
  /// What has an SBOM beside the image's: "context", and stages by their names; each with the step
  /// whose files it has.
  std::map<std::string, std::optional<StepId>> scans = {};
};

/// What a build does: an immutable graph of steps in an order in which each step comes after those
/// it needs. Only steps that the target needs are in it, each once, whatever number of platforms
/// need it.
struct BuildPlan {
  std::vector<Step> steps;
  std::vector<PlannedImage> images;  // one for each platform, in the order asked for
  /// Of the first step that cannot run as it is written: it is well-formed, but is not allowed, or
  /// not possible on this machine. Such a plan can be looked at; it cannot be executed.
  std::optional<parser::DockerfileError> obstacle = {};
};

/// Throws: the plan's obstacle.
void require_runnable(const BuildPlan& plan);

/// What is told of the environment of a RUN: all of it, or what ENV and ARG have set since the RUN
/// below it.
enum class ShownEnvironment { whole, changes };
/// The plan as text, one line a fact: what goldens compare. Digests of bases are shortened.
std::string describe(const BuildPlan& plan, ShownEnvironment shown = ShownEnvironment::whole);

}  // namespace ibuild::builder
