#pragma once

#include <stop_token>

#include "builder/build.h"
#include "builder/plan/base_table.h"
#include "builder/plan/build_args.h"
#include "builder/plan/stage_graph.h"
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
  const GlobalArgs& args() const { return args_; }
  const StageGraph& graph() const { return graph_; }
  const BaseTable& bases() const { return bases_; }

 private:
  parser::StageList stages_;
  GlobalArgs args_;
  StageGraph graph_;
  BaseTable bases_;
};

}  // namespace ibuild::builder
