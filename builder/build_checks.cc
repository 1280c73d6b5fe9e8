#include "builder/build_checks.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/directives.h"
#include "parser/ignore_matcher.h"

namespace ibuild::builder {
namespace {

void check_build_args(const CheckedBuild& build, WarningCollector& events) {
  const auto declared = build.main_target().graph.declared_args();
  const auto unused = unconsumed_build_args(build.request.build_args, declared);
  if (unused.empty()) return;
  std::string message =
      "[Warning] One or more build-args [" + base::join(unused, " ") + "] were not consumed";
  const std::vector<std::string> candidates(declared.begin(), declared.end());
  for (const auto& name : unused) {
    if (const auto nearest = base::nearest_word(name, candidates))
      message += " (did you mean " + *nearest + " instead of " + name + "?)";
  }
  events.raise({"", std::move(message), "", {}});
}

/// A name of --no-cache-filter that is no stage's would otherwise do nothing, quietly.
void check_cache_filters(const CheckedBuild& build, WarningCollector& events) {
  const auto stages = build.main_target().graph.stage_names();
  for (const auto& name : build.request.no_cache_stages) {
    const auto is_meant = [&](const std::string& stage) { return base::iequals(name, stage); };
    if (name.empty() || std::ranges::any_of(stages, is_meant)) continue;
    std::string message = "--no-cache-filter: no stage is called " + base::printable(name);
    if (const auto nearest = base::nearest_word(name, stages))
      message += " (did you mean " + *nearest + "?)";
    events.raise({"", std::move(message), "", {}});
  }
}

/// A context under a name that nothing takes files or a base from is not read, and mostly misspelt.
void check_contexts(const BuildRequest& request, const std::vector<PlatformTarget>& targets,
                    const std::string& epoch, WarningCollector& events) {
  std::set<std::string> used;
  for (const auto& target : targets) {
    const auto& names = target.graph.used_contexts();
    used.insert(names.begin(), names.end());
    if (const auto time = request.contexts.find(epoch, target.platform)) used.insert(*time);
  }
  for (const auto& name : request.contexts.names()) {
    if (used.contains(name)) continue;
    std::string message =
        "--build-context: no stage, FROM or --from is called " + base::printable(name);
    if (const auto nearest = base::nearest_word(name, targets.front().graph.source_names());
        nearest && *nearest != name)
      message += " (did you mean " + *nearest + "?)";
    events.raise({"", std::move(message), "", {}});
  }
}

bool is_image_name(std::string_view text) {
  try {
    image::parse_reference(text);
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

std::optional<parser::LintPlatform> read_platform(std::string_view text) {
  try {
    auto platform = image::parse_platform(text);
    return parser::LintPlatform{std::move(platform.os), std::move(platform.architecture)};
  } catch (const base::UsageError&) {
    return std::nullopt;
  }
}

/// What InvalidBaseImagePlatform says of a base; empty when it says nothing.
std::string platform_fault(const StageNode& stage, const ImageRequest& wanted,
                           const BaseImage& image) {
  const auto got = image::normalize(image.config.platform);
  const auto expected = image::normalize(wanted.platform);
  if (got.os.empty() || (got.os == expected.os && got.architecture == expected.architecture))
    return {};
  return "Base image " + base::printable(stage.base_text) + " was pulled with platform \"" +
         got.str_with_version() + "\", expected \"" + expected.str_with_version() +
         "\" for current build";
}

/// The base of a stage, for one of the platforms.
const BaseImage* base_of(const CheckedBuild& build, const PlatformTarget& target, StageIndex stage,
                         std::string& fault) {
  const auto& node = target.graph.stages()[stage];
  const auto* wanted = std::get_if<ImageRequest>(&node.base);
  if (wanted == nullptr) return nullptr;
  const auto found = build.bases.find(*wanted);
  if (found == build.bases.end()) return nullptr;
  if (fault.empty()) fault = platform_fault(node, *wanted, found->second);
  return &found->second;
}

std::optional<parser::BaseImageFacts> facts_of(const CheckedBuild& build, StageIndex stage) {
  std::string fault;
  const BaseImage* base = nullptr;
  for (const auto& target : build.targets) {
    const auto* found = base_of(build, target, stage, fault);
    if (base == nullptr) base = found;
  }
  if (base == nullptr) return std::nullopt;
  const auto& config = base->config.config;
  return parser::BaseImageFacts{config.env, config.on_build, !config.shell.empty(), fault};
}

std::map<std::string, std::string> given_values(const BuildRequest& request) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : request.build_args) {
    if (value) values.emplace(name, *value);
  }
  return values;
}

/// What the options of any check come to; the ignore file is the caller's.
parser::LintOptions common_options(const BuildRequest& request) {
  parser::LintOptions options;
  options.build_args = given_values(request);
  if (const auto check = options.build_args.find("BUILDKIT_DOCKERFILE_CHECK");
      check != options.build_args.end())
    options.check = check->second;
  options.is_image_name = &is_image_name;
  options.read_platform = &read_platform;
  return options;
}

parser::IgnoreMatcher ignored_files(const BuildRequest& request) {
  return parser::parse_ignore_file(request.ignore_file.value_or(""));
}

/// As for the directive `# syntax=`, before which the argument counts.
void check_frontend(const BuildRequest& request, WarningCollector& events) {
  const auto values = given_values(request);
  const auto syntax = values.find("BUILDKIT_SYNTAX");
  if (syntax == values.end()) return;
  const auto image = parser::first_word(syntax->second);
  if (image.empty() || parser::is_dockerfile_frontend(image)) return;
  events.raise({"",
                "the front end " + base::printable(image) +
                    " of BUILDKIT_SYNTAX is not used: the Dockerfile is read by the built-in one",
                "",
                {}});
}

/// The checks of a build whose bases are known.
parser::LintOptions known_options(const CheckedBuild& build, const parser::IgnoreMatcher& ignore) {
  auto options = common_options(build.request);
  options.ignore = &ignore;
  options.platform_args = build.main_target().args.platform_args();
  options.base_image = [&build](StageIndex stage, std::string_view) {
    return facts_of(build, stage);
  };
  for (const StageIndex stage : build.main_target().graph.reachable()) options.stages.insert(stage);
  return options;
}

}  // namespace

parser::LintReport lint_text(const BuildRequest& request, const parser::Dockerfile& dockerfile,
                             const std::set<StageIndex>& stages) {
  auto options = common_options(request);
  const auto ignore = ignored_files(request);
  options.ignore = &ignore;
  options.stages = stages;
  options.platform_args = platform_args(request);
  return parser::lint_dockerfile(dockerfile, options);
}

parser::LintReport lint_build(const CheckedBuild& build) {
  const auto ignore = ignored_files(build.request);
  return parser::lint_dockerfile(build.dockerfile, known_options(build, ignore));
}

parser::LintReport lint_until(const CheckedBuild& build, const parser::DockerfileError& fault) {
  const auto ignore = ignored_files(build.request);
  auto options = known_options(build, ignore);
  if (fault.range().start.line > 0) options.last_line = fault.range().start.line;
  return parser::lint_dockerfile(build.dockerfile, options);
}

parser::LintReport lint_bases(const BuildRequest& request, const parser::Dockerfile& dockerfile) {
  auto options = common_options(request);
  options.platform_args = platform_args(request);
  options.depth = parser::LintDepth::bases;
  return parser::lint_dockerfile(dockerfile, options);
}

void check_lint_options(const BuildRequest& request) {
  (void)parser::read_lint_config(request.dockerfile, common_options(request).check);
}

std::string violation_message(const parser::Diagnostics& findings) {
  std::set<std::string> rules;
  for (const auto& finding : findings) rules.insert(finding.rule);
  const std::vector<std::string> names(rules.begin(), rules.end());
  return "lint violation found for rules: " + base::join(names, ", ");
}

BuildChecks::BuildChecks(const BuildRequest& request, const parser::Dockerfile& dockerfile,
                         const parser::Diagnostics& from_parser, WarningCollector& events)
    : request_(request), dockerfile_(dockerfile), from_parser_(from_parser), events_(events) {}

void BuildChecks::know_targets(const std::vector<PlatformTarget>& targets) {
  constexpr const char* kEpoch = "SOURCE_DATE_EPOCH";
  const auto& args = targets.front().args;
  const auto given = args.given(kEpoch);
  targets_ = &targets;
  epoch_ = given ? *given : args.value(kEpoch).value_or("");
}

void BuildChecks::raise(const parser::Diagnostics& warnings) {
  for (const auto& warning : warnings) events_.raise(warning);
}

void BuildChecks::raise_until(const parser::DockerfileError* fault) {
  raise(from_parser_);
  if (targets_ != nullptr) check_contexts(request_, *targets_, epoch_, events_);
  if (bases_ == nullptr) return raise(lint_bases(request_, dockerfile_).warnings);
  const CheckedBuild build{request_, dockerfile_, *targets_, *bases_};
  raise((fault != nullptr ? lint_until(build, *fault) : lint_build(build)).warnings);
}

void BuildChecks::raise_all() {
  const CheckedBuild build{request_, dockerfile_, *targets_, *bases_};
  raise(from_parser_);
  check_build_args(build, events_);
  check_cache_filters(build, events_);
  check_contexts(request_, *targets_, epoch_, events_);
  check_frontend(request_, events_);
  const auto report = lint_build(build);
  raise(report.warnings);
  if (report.findings_are_errors) throw base::Error(violation_message(report.warnings));
}

}  // namespace ibuild::builder
