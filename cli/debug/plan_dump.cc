#include "cli/debug/plan_dump.h"

#include <optional>
#include <utility>

#include "base/error.h"
#include "builder/build_checks.h"
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

struct PlannedFile {
  std::vector<builder::PlatformTarget> targets;
  builder::BaseTable bases;
  char escape;
};

PlannedFile find_bases(const builder::BuildRequest& request, const parser::StageList& stages) {
  PlannedFile file{builder::make_targets(stages, request, request.build_args), {}, stages.escape};
  for (auto& target : file.targets) target.graph.need_all_stages();
  file.bases = empty_bases(file.targets);
  return file;
}

parser::LintReport with_fault(parser::LintReport report, const parser::DockerfileError& fault) {
  report.error = fault;
  return report;
}

parser::LintReport lint_planned(const builder::BuildRequest& request) {
  parser::Diagnostics unused;
  std::optional<parser::Dockerfile> dockerfile;
  std::optional<parser::StageList> stages;
  std::optional<PlannedFile> file;
  try {
    builder::check_lint_options(request);
    dockerfile = parser::parse_dockerfile(request.dockerfile, unused);
    stages = parser::build_stages(*dockerfile, unused);
    file = find_bases(request, *stages);
    builder::plan_build(file->targets, file->bases, request, file->escape);
    return builder::lint_build({request, *dockerfile, file->targets, file->bases});
  } catch (const parser::DockerfileError& fault) {
    if (!dockerfile) return with_fault({}, fault);
    if (!file) return with_fault(builder::lint_bases(request, *dockerfile), fault);
    const builder::CheckedBuild build{request, *dockerfile, file->targets, file->bases};
    return with_fault(builder::lint_until(build, fault), fault);
  }
}

}  // namespace

void dump_plan(const std::string& dockerfile, const std::map<std::string, std::string>& build_args,
               std::ostream& out) {
  builder::BuildRequest request;
  request.platforms = {image::parse_platform("linux/amd64")};
  for (const auto& [name, value] : build_args) request.build_args[name] = value;
  request.dockerfile = dockerfile;
  builder::check_lint_options(request);
  parser::Diagnostics diagnostics;
  const auto parsed = parser::parse_dockerfile(dockerfile, diagnostics);
  const auto stages = parser::build_stages(parsed, diagnostics);
  auto targets = builder::make_targets(stages, request, request.build_args);
  const auto bases = empty_bases(targets);
  const auto plan = builder::plan_build(targets, bases, request, stages.escape);
  builder::require_runnable(plan);
  out << builder::describe(plan, builder::ShownEnvironment::changes);
}

parser::LintReport lint_as_built(const builder::BuildRequest& request) {
  try {
    return lint_planned(request);
  } catch (const base::ContentError& fault) {  // of the ignore file, which is read behind the FROMs
    parser::Diagnostics unused;
    const auto dockerfile = parser::parse_dockerfile(request.dockerfile, unused);
    return with_fault(builder::lint_bases(request, dockerfile),
                      parser::DockerfileError("bad-pattern", {}, fault.what()));
  }
}

}  // namespace ibuild::cli
