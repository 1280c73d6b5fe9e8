#include "builder/build_checks.h"

#include <set>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/ignore_matcher.h"
#include "parser/lint.h"

namespace ibuild::builder {
namespace {

void check_platforms(const CheckedBuild& build, WarningCollector& events) {
  const auto places = build.graph.needed_images();
  for (const auto& [wanted, image] : build.bases) {
    const auto& got = image.config.platform;
    if (got.os.empty() || image::matches(wanted.platform, got)) continue;
    const auto place = places.find(wanted);
    events.raise(parser::make_finding(
        parser::LintRule::invalid_base_image_platform,
        "Base image " + wanted.reference.familiar() + " was pulled with platform \"" + got.str() +
            "\", expected \"" + wanted.platform.str() + "\" for current build",
        place == places.end() ? parser::SourceRange{} : place->second));
  }
}

void check_build_args(const CheckedBuild& build, WarningCollector& events) {
  const auto unused = unconsumed_build_args(build.request.build_args, build.graph.declared_args());
  if (unused.empty()) return;
  events.raise(
      {"",
       "[Warning] One or more build-args [" + base::join(unused, " ") + "] were not consumed",
       "",
       {}});
}

std::optional<parser::BaseImageFacts> facts_of(const CheckedBuild& build, std::string_view name) {
  try {
    const auto reference = image::with_default_tag(image::parse_reference(name));
    for (const auto& [wanted, image] : build.bases) {
      if (wanted.reference != reference) continue;
      const auto& config = image.config.config;
      return parser::BaseImageFacts{config.env, config.on_build, !config.shell.empty()};
    }
  } catch (const base::UsageError&) {
    // no image's name
  }
  return std::nullopt;
}

void run_lint(const CheckedBuild& build, WarningCollector& events) {
  parser::LintOptions options;
  options.check = build.args.given("BUILDKIT_DOCKERFILE_CHECK").value_or("");
  for (const auto& [name, value] : build.request.build_args) {
    if (value) options.build_args.emplace(name, *value);
  }
  options.platform_args = build.args.platform_args();
  const auto patterns = parser::read_ignore_file(build.request.ignore_file.value_or(""));
  const parser::IgnoreMatcher ignore(patterns);
  options.ignore = &ignore;
  options.base_image = [&](std::string_view name) { return facts_of(build, name); };
  for (const StageIndex stage : build.graph.reachable()) options.stages.insert(stage);
  const auto report = parser::lint_dockerfile(build.dockerfile, options);
  std::set<std::string> rules;
  for (const auto& warning : report.warnings) {
    rules.insert(warning.rule);
    events.raise(warning);
  }
  if (!report.findings_are_errors || rules.empty()) return;
  const std::vector<std::string> names(rules.begin(), rules.end());
  throw base::Error("lint violation found for rules: " + base::join(names, ", "));
}

}  // namespace

void raise_build_warnings(const CheckedBuild& build, parser::Diagnostics from_parser,
                          WarningCollector& events) {
  for (auto& warning : from_parser) events.raise(std::move(warning));
  check_platforms(build, events);
  check_build_args(build, events);
  run_lint(build, events);
}

}  // namespace ibuild::builder
