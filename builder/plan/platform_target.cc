#include "builder/plan/platform_target.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"

namespace ibuild::builder {
namespace {

constexpr const char* kMultiPlatform = "BUILDKIT_MULTI_PLATFORM";

std::vector<image::Platform> wanted_platforms(const BuildRequest& request) {
  std::vector<image::Platform> platforms;
  for (const auto& asked : request.platforms) {
    auto platform = image::normalize(asked);
    if (std::find(platforms.begin(), platforms.end(), platform) == platforms.end())
      platforms.push_back(std::move(platform));
  }
  if (platforms.empty()) platforms.push_back(image::host_platform());
  return platforms;
}

/// The stage that the build ends in, as TARGETSTAGE has it.
std::string target_stage(const parser::StageList& stages, const std::string& target) {
  if (!target.empty() || stages.stages.empty()) return target;
  return stages.stages.back().name();
}

std::optional<bool> asked_for_index(const BuildArgMap& args) {
  const auto found = args.find(kMultiPlatform);
  if (found == args.end() || !found->second || found->second->empty()) return std::nullopt;
  const auto value = base::parse_go_bool(*found->second);
  if (!value) {
    throw base::UsageError(std::string(kMultiPlatform) + " takes true or false, not \"" +
                           base::printable(*found->second) + "\"");
  }
  return value;
}

}  // namespace

ResultShape result_shape(const BuildRequest& request) {
  const bool several = wanted_platforms(request).size() > 1;
  const auto asked = asked_for_index(request.build_args);
  if (several && asked == false) {
    throw base::UsageError(std::string(kMultiPlatform) +
                           "=false forbids the image index that several platforms need");
  }
  return several || asked == true ? ResultShape::index : ResultShape::image;
}

std::vector<PlatformTarget> make_targets(const parser::StageList& stages,
                                         const BuildRequest& request, const BuildArgMap& given) {
  std::vector<PlatformTarget> targets;
  const auto shape = result_shape(request);
  for (auto& platform : wanted_platforms(request)) {
    targets.push_back(for_platform(platform, shape, [&] {
      GlobalArgs args(stages, given,
                      {image::host_platform(), platform, target_stage(stages, request.target)});
      StageGraph graph(stages, args,
                       {platform, request.target, request.contexts, request.short_names});
      return PlatformTarget{platform, std::move(args), std::move(graph)};
    }));
  }
  return targets;
}

std::map<std::string, std::string> platform_args(const BuildRequest& request) {
  const auto platform = wanted_platforms(request).front();
  return GlobalArgs({}, request.build_args, {image::host_platform(), platform, request.target})
      .platform_args();
}

}  // namespace ibuild::builder
