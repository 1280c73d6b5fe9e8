#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::parser {

/// Looks a variable up; none when unset.
using VariableLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Bounds what the variables of one file are expanded to, so that no text grows without end.
class ExpansionMeter {
 public:
  /// `lookup` whose values are counted. The meter outlives it; it throws base::UsageError when the
  /// values come to more than kMaxBytes altogether.
  VariableLookup watch(VariableLookup lookup);

  static constexpr std::size_t kMaxBytes = 16 << 20;

 private:
  std::size_t left_ = kMaxBytes;
};

struct ExpandedWord {
  std::string text;
  std::set<std::string> unmatched;  // names used that were not set, with no default given
  std::set<std::string> used;       // names used that were set
  std::set<std::string> unset;      // all names used that were not set
};

/// Shell-like expansion of one word, as BuildKit's shell lexer: quotes removed, $v ${v} ${v:-w}
/// ${v-w} ${v:+w} ${v+w}
/// ${v:?m} ${v?m} ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/r} ${v//p/r} and the anchored ${v/#p/r}
/// ${v/%p/r}. Throws: base::UsageError for a bad substitution; the message has the word in it.
class Expander {
 public:
  Expander(char escape, VariableLookup lookup) : escape_(escape), lookup_(std::move(lookup)) {}

  ExpandedWord expand_word(std::string_view word) const;
  /// Splits into words at unquoted blanks after expansion.
  std::vector<std::string> expand_words(std::string_view text) const;
  /// Expands variables but keeps quotes and escapes as they are (heredoc bodies: `raw_quotes`), as
  /// BuildKit's ProcessWord with SkipProcessQuotes / RawQuotes. The escape character in there is
  /// always a backslash, whatever the `# escape=` directive says.
  ExpandedWord expand_heredoc(std::string_view text) const;
  /// For people to read: variables that are set are expanded, all else stays as written, also what
  /// is wrong.
  std::string expand_for_display(std::string_view text) const;

 private:
  char escape_;
  VariableLookup lookup_;
};

}  // namespace ibuild::parser
