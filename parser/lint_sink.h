#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/expansion.h"
#include "parser/lint.h"
#include "parser/near_name.h"

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

  /// Shared by all expansions of the file.
  ExpansionMeter& meter() { return meter_; }

  /// " (did you mean <mark>NAME?)" when a candidate is near enough, else nothing. In a file with
  /// more faults and names than anybody writes it stops looking. `candidates` is called for the
  /// names only if they are looked at; there are `count` of them.
  template <typename Candidates>
  std::string suggest(std::string_view word, std::size_t count, std::string_view mark,
                      Candidates candidates) {
    if (count > comparisons_left_) return {};
    comparisons_left_ -= count;
    const std::vector<std::string> names = candidates();
    const auto nearest = near_name(word, names);
    return nearest && !nearest->empty() ? " (did you mean " + std::string(mark) + *nearest + "?)"
                                        : "";
  }

 private:
  Diagnostics& warnings_;
  ExpansionMeter meter_;
  std::size_t comparisons_left_ = 100'000;
};

}  // namespace ibuild::parser
