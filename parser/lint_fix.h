#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parser/dockerfile.h"
#include "parser/lint_rule.h"

namespace ibuild::parser {

/// Bytes [begin, end) of a file, and what takes their place.
struct TextEdit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string replacement;
};

/// How one finding is mended.
struct LintFix {
  LintRule rule{};
  SourceRange range;  // of the finding
  std::string what;   // "'as' becomes 'AS'"
  std::vector<TextEdit> edits;
};

/// The mends for those of `findings` that have one obvious mend, which changes nothing in the image
/// but what the rule is about. Each leaves alone what it does not name: comments, blanks, line
/// ends. Of two that touch the same bytes only the first is given: the other may come up when the
/// findings of the mended text are looked at. Requires: the findings are of `dockerfile`.
std::vector<LintFix> find_fixes(const Dockerfile& dockerfile, const Diagnostics& findings);

/// `source` with the edits made. Requires: the fixes are those of one find_fixes() on it.
std::string apply_fixes(std::string_view source, std::span<const LintFix> fixes);

}  // namespace ibuild::parser
