#include "cli/debug/plan_dump.h"

#include "builder/build.h"
#include "builder/plan/base_table.h"
#include "builder/plan/plan_build.h"
#include "builder/plan/platform_target.h"
#include "parser/dockerfile.h"

namespace ibuild::cli {

namespace {

/// Every image that the targets need, without anything in it. Without ONBUILD no more come.
builder::BaseTable empty_bases(std::vector<builder::PlatformTarget>& targets) {
  builder::BaseTable bases;
  bool added = true;
  while (added) {
    added = false;
    for (auto& target : targets) {
      for (const auto& [image, range] : target.graph.needed_images()) {
        builder::BaseImage base;
        base.reference = image.reference;
        base.digest = base::sha256_of(image.reference.str());
        base.config.platform = image.platform;
        bases.try_emplace(image, std::move(base));
      }
      added = builder::add_onbuild_triggers(target.graph, bases) || added;
    }
  }
  return bases;
}

}  // namespace

void dump_plan(const std::string& dockerfile, const std::map<std::string, std::string>& build_args,
               std::ostream& out) {
  builder::BuildRequest request;
  request.platforms = {image::parse_platform("linux/amd64")};
  for (const auto& [name, value] : build_args) request.build_args[name] = value;
  parser::Diagnostics diagnostics;
  const auto parsed = parser::parse_dockerfile(dockerfile, diagnostics);
  const auto stages = parser::build_stages(parsed, diagnostics);
  auto targets = builder::make_targets(stages, request, request.build_args);
  const auto bases = empty_bases(targets);
  out << builder::describe(builder::plan_build(targets, bases, request, stages.escape),
                           builder::ShownEnvironment::changes);
}

}  // namespace ibuild::cli
