#pragma once

#include <stop_token>
#include <vector>

#include "builder/build.h"
#include "builder/plan/base_table.h"
#include "builder/plan/platform_target.h"
#include "parser/dockerfile.h"

namespace ibuild::builder {

/// What a Dockerfile comes to when nothing is built: its stages, their links, and the images they
/// stand on.
class BuildDescription {
 public:
  /// `all_stages` takes in those as well that the target does not need.
  enum class Scope { target, all_stages };
  /// `dockerfile` outlives this. Blocks: bases are looked up as for a build, vertices are told of.
  /// Throws: parser::DockerfileError, and what image sources throw.
  BuildDescription(const BuildRequest& request, const parser::Dockerfile& dockerfile,
                   const Services& services, Scope scope, std::stop_token stop);
  BuildDescription(const BuildDescription&) = delete;
  BuildDescription& operator=(const BuildDescription&) = delete;

  const parser::StageList& stages() const { return stages_; }
  const std::vector<PlatformTarget>& targets() const { return targets_; }
  /// Of the first platform.
  const GlobalArgs& args() const { return targets_.front().args; }
  const StageGraph& graph() const { return targets_.front().graph; }
  const BaseTable& bases() const { return bases_; }

 private:
  parser::StageList stages_;
  std::vector<PlatformTarget> targets_;
  BaseTable bases_;
};

}  // namespace ibuild::builder
