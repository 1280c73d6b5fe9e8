#include "cli/warning_report.h"

#include <fmt/format.h>

#include "cli/log_lines.h"
#include "parser/lint_rule.h"

namespace ibuild::cli {

std::string warning_line(const parser::Warning& warning) {
  std::string line = (warning.rule.empty() ? "" : warning.rule + ": ") + defuse(warning.message);
  if (warning.range.known()) line += fmt::format(" (line {})", warning.range.start.line);
  return line;
}

std::string warning_report(const parser::Diagnostics& warnings, const DockerfileText& dockerfile) {
  if (warnings.empty()) return {};
  std::string text =
      fmt::format("\n {} warning{} found:\n", warnings.size(), warnings.size() == 1 ? "" : "s");
  const parser::ExcerptSource source(dockerfile.name, dockerfile.text);
  for (const auto& warning : warnings) {
    text += " - " + warning_line(warning) + "\n";
    if (const auto rule = parser::find_lint_rule(warning.rule))
      text += std::string(parser::lint_rule_info(*rule).description) + "\n";
    if (!warning.url.empty()) text += "More info: " + warning.url + "\n";
    if (warning.range.known()) text += source.render(warning.range);
    text += "\n";
  }
  return text;
}

}  // namespace ibuild::cli
