#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/character_class.h"

namespace ibuild::parser {

/// The small regular language that ignore patterns are translated to, in the syntax of RE2:
/// literals, escapes, quoted texts (`\Q…\E`), classes, `.`, `^`, `$`, groups, `*` or `?` behind any
/// of these but quoted texts, and `|` outside of groups. Matching takes time linear in the text.
/// Immutable; may be used by several threads.
class PathRegex {
 public:
  /// Throws: base::UsageError when `expression` is not of this language.
  explicit PathRegex(std::string_view expression);

  /// Whether the expression matches from the start of `text` on, to where its `$` says; one with
  /// `|` matches from anywhere that its `^` allows.
  bool matches(std::string_view text) const;
  /// Whether it matches `text` or what stands before one of its slashes.
  bool matches_or_parent(std::string_view text) const;

 private:
  enum class Kind : std::uint8_t {
    character,  // argument: code point
    any,        // all but a new line
    klass,      // argument: index of the class
    fork,       // argument: where else to go on
    begin,      // zero width
    end,
    boundary,  // argument: 1 for \b, 0 for \B
    match,
  };
  struct Instruction {
    Kind kind;
    std::uint32_t argument = 0;
  };
  struct Class {
    CodePointRanges ranges;
    bool is_negated = false;
    bool contains(char32_t c) const;
  };
  class Compiler;
  class Run;

  std::vector<Instruction> program_;
  std::vector<Class> classes_;
  bool searches_ = false;  // a match may begin anywhere
};

}  // namespace ibuild::parser
