#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace ibuild::parser {

/// The checks of BuildKit, by its names.
/// See: https://docs.docker.com/reference/build-checks/
enum class LintRule {
  stage_name_casing,
  from_as_casing,
  no_empty_continuation,
  consistent_instruction_casing,
  duplicate_stage_name,
  reserved_stage_name,
  json_args_recommended,
  maintainer_deprecated,
  undefined_arg_in_from,
  workdir_relative_path,
  undefined_var,
  multiple_instructions_disallowed,
  legacy_key_value_format,
  invalid_base_image_platform,
  redundant_target_platform,
  secrets_used_in_arg_or_env,
  invalid_default_arg_in_from,
  from_platform_flag_const_disallowed,
  copy_ignored_file,
  invalid_definition_description,
  expose_proto_casing,
  expose_invalid_format,
};

struct LintRuleInfo {
  LintRule rule;
  std::string_view name;
  std::string_view description;
  std::string_view page;         // the last part of its URL; empty when it has none
  bool is_experimental = false;  // looked for only when asked for
};

/// All of them, in the order of the enumeration.
std::span<const LintRuleInfo> lint_rules();
const LintRuleInfo& lint_rule_info(LintRule rule);
std::optional<LintRule> find_lint_rule(std::string_view name);

}  // namespace ibuild::parser
