#include "parser/lint_config.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "parser/directives.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

void read_rules(std::string_view value, bool& all, std::set<std::string>& rules) {
  value = trim_space(value);
  if (value == "all") {
    all = true;
    return;
  }
  for (const std::string_view rule : base::split(value, ',')) {
    rules.emplace(trim_space(rule));
  }
}

void read_option(std::string_view option, LintConfig& config) {
  const auto equals = option.find('=');
  if (equals == std::string_view::npos) {
    throw base::UsageError("invalid check option \"" + base::printable(option) + "\"");
  }
  const std::string_view key = trim_space(option.substr(0, equals));
  const std::string_view value = option.substr(equals + 1);
  if (key == "skip") {
    read_rules(value, config.skip_all, config.skipped);
  } else if (key == "experimental") {
    read_rules(value, config.experimental_all, config.experimental);
  } else if (key == "error") {
    const auto is_error = base::parse_go_bool(trim_space(value));
    if (!is_error) {
      throw base::UsageError("failed to parse check option \"" + base::printable(option) + "\"");
    }
    config.findings_are_errors = *is_error;
  } else {
    throw base::UsageError("invalid check option \"" + base::printable(key) + "\"");
  }
}

}  // namespace

bool LintConfig::enables(const LintRuleInfo& rule) const {
  const std::string name(rule.name);
  if (rule.is_experimental) return experimental_all || experimental.contains(name);
  return !skip_all && !skipped.contains(name);
}

LintConfig parse_lint_config(std::string_view text) {
  LintConfig config;
  text = trim_space(text);
  if (text.empty()) return config;
  // BuildKit takes three options at most: what follows the second `;` is all of one.
  constexpr int kMostOptions = 3;
  for (int count = 1; count < kMostOptions; ++count) {
    const auto end = text.find(';');
    if (end == std::string_view::npos) break;
    read_option(text.substr(0, end), config);
    text.remove_prefix(end + 1);
  }
  read_option(text, config);
  return config;
}

LintConfig with_comments(const LintConfig& config, const std::vector<std::string>& comments) {
  for (const std::string& comment : comments) {
    const std::optional<Directive> directive = parse_directive_text(comment);
    if (!directive || directive->name != "check") continue;
    try {
      LintConfig added = parse_lint_config(first_word(directive->value));
      LintConfig merged = config;
      merged.skip_all = merged.skip_all || added.skip_all;
      merged.experimental_all = merged.experimental_all || added.experimental_all;
      merged.skipped.merge(added.skipped);
      merged.experimental.merge(added.experimental);
      return merged;
    } catch (const base::UsageError&) {
      return config;
    }
  }
  return config;
}

}  // namespace ibuild::parser
