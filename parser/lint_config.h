#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "parser/lint_rule.h"

namespace ibuild::parser {

/// Which rules speak: what a `# check=` line or BUILDKIT_DOCKERFILE_CHECK says.
struct LintConfig {
  bool skip_all = false;
  std::set<std::string> skipped;
  bool experimental_all = false;
  std::set<std::string> experimental;
  bool findings_are_errors = false;

  /// Experimental rules are off unless named; the others are on unless skipped.
  bool enables(const LintRuleInfo& rule) const;
};

/// "skip=A,B;experimental=all;error=true". Names that are no rules are allowed: a later version may
/// know them. Throws: base::UsageError.
LintConfig parse_lint_config(std::string_view text);

/// `config` and what a `check=` among the comments right above an instruction adds. One that cannot
/// be read adds nothing.
LintConfig with_comments(const LintConfig& config, const std::vector<std::string>& comments);

}  // namespace ibuild::parser
