#include "parser/lint_rule.h"

#include <array>
#include <cstddef>

namespace ibuild::parser {

namespace {

constexpr std::array<LintRuleInfo, 22> kRules = {{
    {LintRule::stage_name_casing, "StageNameCasing", "Stage names should be lowercase",
     "stage-name-casing"},
    {LintRule::from_as_casing, "FromAsCasing",
     "The 'as' keyword should match the case of the 'from' keyword", "from-as-casing"},
    {LintRule::no_empty_continuation, "NoEmptyContinuation",
     "Empty continuation lines will become errors in a future release", "no-empty-continuation"},
    {LintRule::consistent_instruction_casing, "ConsistentInstructionCasing",
     "All commands within the Dockerfile should use the same casing (either upper or lower)",
     "consistent-instruction-casing"},
    {LintRule::duplicate_stage_name, "DuplicateStageName", "Stage names should be unique",
     "duplicate-stage-name"},
    {LintRule::reserved_stage_name, "ReservedStageName",
     "Reserved words should not be used as stage names", "reserved-stage-name"},
    {LintRule::json_args_recommended, "JSONArgsRecommended",
     "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS "
     "signals",
     "json-args-recommended"},
    {LintRule::maintainer_deprecated, "MaintainerDeprecated",
     "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
     "maintainer-deprecated"},
    {LintRule::undefined_arg_in_from, "UndefinedArgInFrom", "FROM command must use declared ARGs",
     "undefined-arg-in-from"},
    {LintRule::workdir_relative_path, "WorkdirRelativePath",
     "Relative workdir without an absolute workdir declared within the build can have unexpected "
     "results if the "
     "base image changes",
     "workdir-relative-path"},
    {LintRule::undefined_var, "UndefinedVar", "Variables should be defined before their use",
     "undefined-var"},
    {LintRule::multiple_instructions_disallowed, "MultipleInstructionsDisallowed",
     "Multiple instructions of the same type should not be used in the same stage",
     "multiple-instructions-disallowed"},
    {LintRule::legacy_key_value_format, "LegacyKeyValueFormat",
     "Legacy key/value format with whitespace separator should not be used",
     "legacy-key-value-format"},
    {LintRule::invalid_base_image_platform, "InvalidBaseImagePlatform",
     "Base image platform does not match expected target platform", ""},
    {LintRule::redundant_target_platform, "RedundantTargetPlatform",
     "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default "
     "behavior",
     "redundant-target-platform"},
    {LintRule::secrets_used_in_arg_or_env, "SecretsUsedInArgOrEnv",
     "Sensitive data should not be used in the ARG or ENV commands", "secrets-used-in-arg-or-env"},
    {LintRule::invalid_default_arg_in_from, "InvalidDefaultArgInFrom",
     "Default value for global ARG results in an empty or invalid base image name",
     "invalid-default-arg-in-from"},
    {LintRule::from_platform_flag_const_disallowed, "FromPlatformFlagConstDisallowed",
     "FROM --platform flag should not use a constant value", "from-platform-flag-const-disallowed"},
    {LintRule::copy_ignored_file, "CopyIgnoredFile",
     "Attempting to Copy file that is excluded by .dockerignore", "copy-ignored-file"},
    {LintRule::invalid_definition_description, "InvalidDefinitionDescription",
     "Comment for build stage or argument should follow the format: `# <arg/stage name> "
     "<description>`. If this is "
     "not intended to be a description comment, add an empty line or comment between the "
     "instruction and the comment.",
     "invalid-definition-description", true},
    {LintRule::expose_proto_casing, "ExposeProtoCasing",
     "Protocol in EXPOSE instruction should be lowercase", "expose-proto-casing"},
    {LintRule::expose_invalid_format, "ExposeInvalidFormat",
     "IP address and host-port mapping should not be used in EXPOSE instruction. This will become "
     "an error in a "
     "future release",
     "expose-invalid-format"},
}};

}  // namespace

std::span<const LintRuleInfo> lint_rules() { return kRules; }

const LintRuleInfo& lint_rule_info(LintRule rule) { return kRules[static_cast<std::size_t>(rule)]; }

std::optional<LintRule> find_lint_rule(std::string_view name) {
  for (const LintRuleInfo& info : kRules) {
    if (info.name == name) return info.rule;
  }
  return std::nullopt;
}

}  // namespace ibuild::parser
