#pragma once

#include <string>
#include <utility>

#include "parser/lint.h"

namespace ibuild::parser {

/// Takes findings in, as far as a configuration lets them through.
class LintSink {
 public:
  explicit LintSink(Diagnostics& warnings) : warnings_(warnings) {}

  void report(const LintConfig& config, LintRule rule, std::string message,
              const SourceRange& range) {
    if (!config.enables(lint_rule_info(rule))) return;
    warnings_.push_back(make_finding(rule, std::move(message), range));
  }

 private:
  Diagnostics& warnings_;
};

/// ` (did you mean $NAME?)` when a candidate is near enough, else nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates,
                       std::string_view mark);

}  // namespace ibuild::parser
