#pragma once

#include <string>
#include <vector>

#include "parser/lint.h"
#include "tests/unit/parser/parse_helpers.h"

namespace ibuild::parser::test {

/// "Rule:line" for each finding, in the order in which they come.
inline std::vector<std::string> findings(const std::string& dockerfile,
                                         const LintOptions& options = {}) {
  std::vector<std::string> result;
  for (const Warning& warning : lint_dockerfile(parse(dockerfile), options).warnings) {
    result.push_back(warning.rule + ":" + std::to_string(warning.range.start.line));
  }
  return result;
}

/// The message of the first finding.
inline std::string first_message(const std::string& dockerfile, const LintOptions& options = {}) {
  const LintReport report = lint_dockerfile(parse(dockerfile), options);
  return report.warnings.empty() ? "" : report.warnings.front().message;
}

}  // namespace ibuild::parser::test
