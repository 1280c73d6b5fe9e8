#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::parser {

/// The patterns of a .dockerignore file: comments, blanks, BOM gone; cleaned as moby's ignorefile
/// reader does.
std::vector<std::string> read_ignore_file(std::string_view content);

/// moby's patternmatcher: Go filepath.Match per segment, `**`, `!`, last match wins, a match of a
/// parent matches all below. Immutable; may be used by several threads.
class IgnoreMatcher {
 public:
  IgnoreMatcher();
  /// Throws: base::UsageError naming a bad pattern. One that only its regular expression shows to
  /// be bad throws where a path is first held against it.
  explicit IgnoreMatcher(std::span<const std::string> patterns);
  IgnoreMatcher(IgnoreMatcher&&) noexcept;
  IgnoreMatcher& operator=(IgnoreMatcher&&) noexcept;
  ~IgnoreMatcher();

  bool empty() const;
  /// Whether any pattern begins with '!'.
  bool has_exceptions() const;
  /// As they are matched: clean, in order.
  std::vector<std::string> patterns() const;
  /// `path` is clean and relative. True when it is left out of the context.
  bool matches(std::string_view path) const;
  /// For walks: what was decided for a directory is handed to its children, so that each path costs
  /// only its own.
  struct Verdict {
    bool excluded = false;
    std::vector<bool> parent_matched;  // per pattern
  };
  Verdict match_with_parent(std::string_view path, const Verdict* parent) const;
  /// True when nothing below the excluded directory `path` can be re-included, so that it need not
  /// be opened.
  bool can_prune(std::string_view path) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

/// The matcher of a .dockerignore file's text. Throws: base::ContentError naming a bad pattern and
/// its line.
IgnoreMatcher parse_ignore_file(std::string_view content);

/// Go's filepath.Match on one whole path ('*' and '?' do not cross '/'). Throws base::UsageError
/// for a bad pattern.
bool go_match(std::string_view pattern, std::string_view path);
/// Whether the text has an unescaped wildcard of go_match.
bool has_wildcard(std::string_view path);

}  // namespace ibuild::parser
