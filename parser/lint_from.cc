// FromLinter of lint_stages.h.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/lint_expansion.h"
#include "parser/lint_stages.h"

namespace ibuild::parser {

namespace {

VariableLookup lookup_in(const LintEnv& env) {
  return [&env](std::string_view name) -> std::optional<std::string> {
    const auto found = env.find(name);
    return found == env.end() ? std::nullopt : std::optional(found->second);
  };
}

struct Scope {
  char escape;
  const LintEnv& env;
  ExpansionMeter& meter;
};

ExpandedWord expand(std::string_view word, const Scope& scope, const SourceRange& range) {
  try {
    return Expander(scope.escape, scope.meter.watch(lookup_in(scope.env))).expand_word(word);
  } catch (const base::UsageError& error) {
    throw DockerfileError("bad-substitution", range, error.what());
  }
}

/// "linux/arm64/v8", "arm64" or "linux", as far as that can be told without a table of all names.
std::optional<LintPlatform> guess_platform(std::string_view text) {
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  const auto parts = base::split(text, '/');
  if (parts.size() > 3) return std::nullopt;
  for (const std::string_view part : parts) {
    if (part.empty() || !std::all_of(part.begin(), part.end(), is_good)) return std::nullopt;
  }
  const std::string first = base::to_lower(parts[0]);
  if (parts.size() > 1) return LintPlatform{first, base::to_lower(parts[1])};
  const bool is_os =
      first == "linux" || first == "windows" || first == "darwin" || first == "freebsd";
  return is_os ? LintPlatform{first, first} : LintPlatform{"linux", first};
}

}  // namespace

LintEnv FromLinter::platform_args() const {
  LintEnv env;
  for (const auto* name :
       {"BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT", "TARGETPLATFORM",
        "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE"}) {
    env[name] = "";
  }
  for (const auto& [name, value] : options_.platform_args) env[name] = value;
  for (const auto& [name, value] : options_.build_args) {
    if (env.contains(name)) env[name] = value;
  }
  return env;
}

LintEnv FromLinter::resolve_args(bool use_build_args) const {
  LintEnv env = platform_args();
  for (const Instruction& instruction : list_.global_args) {
    for (const ArgDefinition& definition : std::get<Arg>(instruction.body).definitions) {
      const auto given = options_.build_args.find(definition.name);
      if (use_build_args && given != options_.build_args.end()) {
        env[definition.name] = given->second;
      } else if (definition.default_value) {
        env[definition.name] =
            expand(*definition.default_value, {list_.escape, env, sink_.meter()}, instruction.range)
                .text;
      }
    }
  }
  return env;
}

/// Would every FROM name an image without any --build-arg?
void FromLinter::check_defaults() {
  if (!options_.is_image_name) return;
  try {
    const LintEnv defaults = resolve_args(false);
    for (const Stage& stage : list_.stages) {
      const SourceRange& range = stage.from_instruction.range;
      const std::string name =
          expand(stage.from.image, {list_.escape, defaults, sink_.meter()}, range).text;
      if (options_.is_image_name(name)) continue;
      sink_.report(config_, LintRule::invalid_default_arg_in_from,
                   "Default value for ARG " + base::printable(stage.from.image) +
                       " results in empty or invalid base image name",
                   range);
    }
  } catch (const DockerfileError&) {
    return;  // run() meets it again
  }
}

std::vector<LintBase> FromLinter::run() {
  check_defaults();
  global_args_ = resolve_args(true);
  for (const auto& [name, value] : global_args_) declared_.insert(name);
  for (const Instruction& instruction : list_.global_args) {
    for (const ArgDefinition& definition : std::get<Arg>(instruction.body).definitions) {
      declared_.insert(definition.name);
    }
  }
  std::vector<LintBase> bases;
  for (std::size_t i = 0; i < list_.stages.size(); ++i) {
    const Stage& stage = list_.stages[i];
    const LintConfig config = with_comments(config_, stage.from_instruction.comments);
    bases.push_back(check_base(stage, i, config));
    if (!stage.from.platform.empty()) bases.back().os = check_platform(stage, config);
  }
  return bases;
}

ExpandedWord FromLinter::expand_in_from(std::string_view word, const Stage& stage,
                                        const LintConfig& config) {
  try {
    return expand_and_report(
        list_.escape, sink_.meter().watch(lookup_in(global_args_)),
        [&](const Expander& expander) { return expander.expand_word(word); },
        [&](const auto& unset) { report_undeclared(unset, stage, config); });
  } catch (const base::UsageError& error) {
    throw DockerfileError("bad-substitution", stage.from_instruction.range, error.what());
  }
}

void FromLinter::report_undeclared(const std::set<std::string>& unset, const Stage& stage,
                                   const LintConfig& config) {
  for (const std::string& name : unset) {
    if (declared_.contains(name)) continue;
    sink_.report(
        config, LintRule::undefined_arg_in_from,
        "FROM argument '" + base::printable(name) + "' is not declared" +
            sink_.suggest(
                name, declared_.size(), "",
                [this] { return std::vector<std::string>(declared_.begin(), declared_.end()); }),
        stage.from_instruction.range);
  }
}

LintBase FromLinter::check_base(const Stage& stage, std::size_t index, const LintConfig& config) {
  const SourceRange& range = stage.from_instruction.range;
  ExpandedWord expanded = expand_in_from(stage.from.image, stage, config);
  if (expanded.text.empty()) {
    throw DockerfileError(
        "blank-base", range,
        "base name (" + base::printable(stage.from.image) + ") should not be blank");
  }
  LintBase base;
  if (const auto found = named_.find(expanded.text); found != named_.end()) {
    base.stage = found->second;
  }
  if (!stage.from.name.empty()) named_[stage.from.name] = index;
  base.image = std::move(expanded.text);
  return base;
}

std::string FromLinter::check_platform(const Stage& stage, const LintConfig& config) {
  const SourceRange& range = stage.from_instruction.range;
  const ExpandedWord expanded = expand_in_from(stage.from.platform, stage, config);
  const bool uses_target = expanded.used.size() == 1 && expanded.unset.empty() &&
                           expanded.used.contains("TARGETPLATFORM");
  if (uses_target && expanded.text == global_args_["TARGETPLATFORM"]) {
    sink_.report(config, LintRule::redundant_target_platform,
                 "Setting platform to predefined " + base::printable(stage.from.platform) +
                     " in FROM is redundant as this is the default behavior",
                 range);
  }
  const std::optional<LintPlatform> platform = options_.read_platform
                                                   ? options_.read_platform(expanded.text)
                                                   : guess_platform(expanded.text);
  const bool is_constant = expanded.used.empty() && expanded.unset.empty();
  if (is_constant && platform && stage.from.name.find(platform->os) == std::string::npos &&
      stage.from.name.find(platform->architecture) == std::string::npos) {
    sink_.report(config, LintRule::from_platform_flag_const_disallowed,
                 "FROM --platform flag should not use constant value \"" + expanded.text + "\"",
                 range);
  }
  if (!platform && !(expanded.text.empty() && uses_target)) {
    throw DockerfileError("invalid-platform", range,
                          "invalid platform \"" + base::printable(expanded.text) + "\" from " +
                              base::printable(stage.from.platform));
  }
  return platform ? platform->os : "";
}

}  // namespace ibuild::parser
