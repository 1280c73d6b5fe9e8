#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "builder/build.h"
#include "builder/plan/build_args.h"
#include "builder/plan/stage_graph.h"
#include "image/platform.h"
#include "parser/diagnostic.h"
#include "parser/dockerfile.h"

namespace ibuild::builder {

/// One platform that is built for: what names and variables mean under it.
struct PlatformTarget {
  image::Platform platform;  // normal form
  GlobalArgs args;
  StageGraph graph;
};

/// What outputs get: a lone image, or an index of images.
enum class ResultShape { image, index };

/// An index for several platforms, and for a single one where the build argument
/// BUILDKIT_MULTI_PLATFORM says so. Throws: base::UsageError when it forbids the index that several
/// platforms need.
ResultShape result_shape(const BuildRequest& request);

/// Runs `f`. When an index is made, the platform comes before the message of a fault of the
/// Dockerfile.
template <typename F>
auto for_platform(const image::Platform& platform, ResultShape shape, F&& f) -> decltype(f()) {
  try {
    return std::forward<F>(f)();
  } catch (parser::DockerfileError& error) {
    if (shape == ResultShape::index) error.add_context(platform.str_with_version());
    throw;
  }
}

/// A target for each platform asked for, each once; this machine's when none was.
/// Requires: `stages` outlives the targets. Throws: parser::DockerfileError.
std::vector<PlatformTarget> make_targets(const parser::StageList& stages,
                                         const BuildRequest& request, const BuildArgMap& given);

/// BUILDPLATFORM, TARGETARCH and so on for the first platform asked for, --build-arg applied.
std::map<std::string, std::string> platform_args(const BuildRequest& request);

}  // namespace ibuild::builder
