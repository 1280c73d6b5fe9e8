#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::parser {

/// A byte of a value costs as much as this many steps: it is copied several times.
inline constexpr std::uint64_t kCostOfByte = 4;

/// What one expansion may cost, so that no text keeps a build busy for ever: steps of matching and
/// bytes of values.
class WorkBudget {
 public:
  /// Throws: base::UsageError when nothing is left.
  void spend(std::uint64_t amount);

 private:
  std::uint64_t left_ = std::uint64_t{1} << 26;
};

/// The patterns of ${v#p} and its kin: `*`, `?`, and a backslash before one of `* ? \ / }`. No
/// brackets. As in the reference implementation, wildcards do not match a new line.
class ShellPattern {
 public:
  enum class Extent { shortest, longest };
  struct Match {
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  /// Throws: base::UsageError for a backslash before anything else.
  explicit ShellPattern(std::string_view pattern);
  /// The pattern of ${v%p}. The same, but for a backslash at its very end: the reference
  /// implementation reads such a pattern from its end, so that the backslash escapes the character
  /// before it (or itself, where that one is escaped as well).
  static ShellPattern of_suffix(std::string_view pattern);

  /// The text without what the pattern matches at its start or end; as it is where it does not
  /// match.
  std::string strip_prefix(std::string_view text, Extent extent, WorkBudget& budget) const;
  std::string strip_suffix(std::string_view text, Extent extent, WorkBudget& budget) const;

  enum class Where { first, all, at_start, at_end };
  /// The text with the longest match (the leftmost one of `first`) replaced; `replacement` is taken
  /// as it is, but for `all`: there a $0 in it is the match, $$ a dollar and any other $name
  /// nothing.
  std::string replace(std::string_view text, std::string_view replacement, Where where,
                      WorkBudget& budget) const;

 private:
  enum class Kind { literal, any, star };
  struct Token {
    Kind kind;
    char32_t code_point;
    bool accepts(char32_t c) const { return kind == Kind::literal ? c == code_point : c != '\n'; }
  };
  using Tokens = std::vector<Token>;

  static std::optional<std::size_t> match_at_start(const Tokens& tokens,
                                                   const std::vector<char32_t>& text, Extent extent,
                                                   WorkBudget& budget);
  std::optional<Match> find(const std::vector<char32_t>& text, std::size_t from,
                            WorkBudget& budget) const;
  std::vector<Match> find_all(const std::vector<char32_t>& text, WorkBudget& budget) const;
  std::optional<Match> find_anchored(std::vector<char32_t> text, Where where, Extent extent,
                                     WorkBudget& budget) const;

  Tokens tokens_;
};

}  // namespace ibuild::parser
