// The rules of moby/patternmatcher, its oddities included: each pattern becomes a regular
// expression, but for those without wildcards and those whose only wildcard is a `**` at an end.
#include "parser/ignore_matcher.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/clean_path.h"
#include "parser/path_regex.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

constexpr std::string_view kSpecial = "*?[]\\^|";

enum class MatchKind { exact, prefix, suffix, regex };

struct Translation {
  MatchKind kind = MatchKind::exact;
  std::string regex = "^";
};

/// A `**` with the slash behind it: any depth, also none; at the very end anything.
void translate_double_star(std::string_view& rest, bool is_first, Translation& out) {
  constexpr std::string_view kAnyDepth = "(.*/)?";
  if (rest.starts_with('/')) rest.remove_prefix(1);
  if (!rest.empty()) {
    if (!out.regex.ends_with(kAnyDepth)) out.regex += kAnyDepth;
    out.kind = MatchKind::regex;
  } else if (out.kind == MatchKind::exact) {
    out.kind = MatchKind::prefix;
  } else {
    out.regex += ".*";
    out.kind = MatchKind::regex;
  }
  if (is_first) out.kind = MatchKind::suffix;
}

Translation translate(std::string_view pattern) {
  Translation out;
  std::string_view rest = pattern;
  while (!rest.empty()) {
    const bool is_first = rest.size() == pattern.size();
    const char c = rest.front();
    const std::string_view character = rest.substr(0, next_character(rest).size);
    rest.remove_prefix(character.size());
    if (c == '*' && rest.starts_with('*')) {
      rest.remove_prefix(1);
      translate_double_star(rest, is_first, out);
    } else if (c == '*' || c == '?') {
      out.regex += c == '*' ? "[^/]*" : "[^/]";
      out.kind = MatchKind::regex;
    } else if (std::string_view(".+(){}$").find(c) != std::string_view::npos) {
      out.regex += '\\';
      out.regex += c;
    } else if (c == '\\' && !rest.empty()) {
      const std::size_t size = next_character(rest).size;
      out.regex += '\\';
      out.regex += rest.substr(0, size);
      rest.remove_prefix(size);
      out.kind = MatchKind::regex;
    } else {
      if (c == '[' || c == ']') out.kind = MatchKind::regex;
      out.regex += character;
    }
  }
  out.regex += '$';
  return out;
}

/// What every path that matches the pattern ends with.
std::string_view literal_tail(std::string_view pattern) {
  const auto last = pattern.find_last_of(kSpecial);
  if (last == std::string_view::npos || pattern[last] == '\\') return {};
  std::string_view tail = pattern.substr(last + 1);
  if (last > 0 && pattern[last] == '*' && pattern[last - 1] == '*' && tail.starts_with('/')) {
    tail.remove_prefix(1);
  }
  return tail;
}

class Pattern {
 public:
  /// `text` is clean and has no '!' in front any more.
  Pattern(std::string text, bool is_exception)
      : text_(std::move(text)), is_exception_(is_exception) {
    go_match(text_, ".");
    Translation translation = translate(text_);
    kind_ = translation.kind;
    if (kind_ != MatchKind::regex) return;
    const bool has_alternatives = text_.find('|') != std::string::npos;
    if (!has_alternatives) {
      head_ = text_.substr(0, text_.find_first_of(kSpecial));
      tail_ = literal_tail(text_);
    }
    try {
      regex_.emplace(translation.regex);
    } catch (const base::UsageError& error) {
      fault_ = "bad pattern \"" + base::printable(text_) + "\": " + error.what();
    }
  }

  bool is_exception() const { return is_exception_; }
  const std::string& text() const { return text_; }

  bool matches(std::string_view path) const {
    const std::string_view text = text_;
    switch (kind_) {
      case MatchKind::exact:
        return path == text;
      case MatchKind::prefix:
        return path.starts_with(text.substr(0, text.size() - 2));
      case MatchKind::suffix:
        return matches_suffix(path, text.substr(2));
      case MatchKind::regex:
        break;
    }
    const PathRegex& regex = this->regex();
    return path.starts_with(head_) && path.ends_with(tail_) && regex.matches(path);
  }

  bool matches_or_parent(std::string_view path) const {
    const std::string_view text = text_;
    switch (kind_) {
      case MatchKind::exact:
        return is_or_is_below(path, text);
      case MatchKind::prefix:
        return matches(path);
      case MatchKind::suffix:
        return suffix_matches_or_parent(path, text.substr(2));
      case MatchKind::regex:
        break;
    }
    const PathRegex& regex = this->regex();
    const bool has_tail = path.ends_with(tail_) || path.find(tail_ + "/") != std::string_view::npos;
    return path.starts_with(head_) && has_tail && regex.matches_or_parent(path);
  }

  /// False only when no path below the directory can match, unless the directory itself or its
  /// parent does.
  bool may_match_below(std::string_view directory) const;

 private:
  /// Throws: base::UsageError when the pattern is no regular expression; until it is asked, such a
  /// pattern does no harm.
  const PathRegex& regex() const {
    if (!regex_) throw base::UsageError(fault_);
    return *regex_;
  }

  static bool matches_suffix(std::string_view path, std::string_view suffix) {
    if (path.ends_with(suffix)) return true;
    return suffix.starts_with('/') && path == suffix.substr(1);
  }

  static bool is_or_is_below(std::string_view path, std::string_view directory) {
    return path.starts_with(directory) &&
           (path.size() == directory.size() || path[directory.size()] == '/');
  }

  static bool suffix_matches_or_parent(std::string_view path, std::string_view suffix) {
    if (matches_suffix(path, suffix)) return true;
    if (suffix.starts_with('/') && is_or_is_below(path, suffix.substr(1))) return true;
    return path.find(std::string(suffix) + "/") != std::string_view::npos;
  }

  std::string text_;
  bool is_exception_;
  MatchKind kind_ = MatchKind::exact;
  std::string head_;  // literal ends of the pattern, to save the regex
  std::string tail_;
  std::optional<PathRegex> regex_;
  std::string fault_;  // why there is no regex
};

bool Pattern::may_match_below(std::string_view directory) const {
  // What stands behind it matches by itself, anywhere.
  if (text_.find('|') != std::string::npos) return true;
  std::string_view pattern = text_;
  std::string_view rest = directory;
  for (;;) {
    const std::string_view part = pattern.substr(0, pattern.find('/'));
    // Only stars and question marks are sure to stay within their segment.
    if (part.find_first_of("[]\\^") != std::string_view::npos ||
        part.find("**") != std::string_view::npos) {
      return true;
    }
    const auto slash = rest.find('/');
    if (part.size() == pattern.size()) return false;  // the pattern is no deeper than the directory
    if (!go_match(part, rest.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    pattern.remove_prefix(part.size() + 1);
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace

struct IgnoreMatcher::Impl {
  std::vector<Pattern> patterns;
};

IgnoreMatcher::IgnoreMatcher() : impl_(std::make_unique<const Impl>()) {}

IgnoreMatcher::IgnoreMatcher(std::span<const std::string> patterns) {
  auto impl = std::make_unique<Impl>();
  for (const std::string& written : patterns) {
    const std::string_view trimmed = trim_space(written);
    if (trimmed.empty()) continue;
    std::string text = clean_path(trimmed);
    const bool is_exception = text.front() == '!';
    if (is_exception && text.size() == 1) {
      throw base::UsageError("illegal exclusion pattern: \"!\"");
    }
    if (is_exception) text.erase(0, 1);
    impl->patterns.emplace_back(std::move(text), is_exception);
  }
  impl_ = std::move(impl);
}

IgnoreMatcher::IgnoreMatcher(IgnoreMatcher&&) noexcept = default;
IgnoreMatcher& IgnoreMatcher::operator=(IgnoreMatcher&&) noexcept = default;
IgnoreMatcher::~IgnoreMatcher() = default;

bool IgnoreMatcher::empty() const { return impl_->patterns.empty(); }

bool IgnoreMatcher::has_exceptions() const {
  for (const Pattern& pattern : impl_->patterns) {
    if (pattern.is_exception()) return true;
  }
  return false;
}

std::vector<std::string> IgnoreMatcher::patterns() const {
  std::vector<std::string> result;
  for (const Pattern& pattern : impl_->patterns) {
    result.push_back((pattern.is_exception() ? "!" : "") + pattern.text());
  }
  return result;
}

bool IgnoreMatcher::matches(std::string_view path) const {
  bool is_excluded = false;
  for (const Pattern& pattern : impl_->patterns) {
    if (pattern.is_exception() != is_excluded) continue;
    if (pattern.matches_or_parent(path)) is_excluded = !pattern.is_exception();
  }
  return is_excluded;
}

IgnoreMatcher::Verdict IgnoreMatcher::match_with_parent(std::string_view path,
                                                        const Verdict* parent) const {
  Verdict verdict;
  verdict.parent_matched.resize(impl_->patterns.size());
  const bool has_parent = parent != nullptr && !parent->parent_matched.empty();
  for (std::size_t i = 0; i < impl_->patterns.size(); ++i) {
    const Pattern& pattern = impl_->patterns[i];
    bool is_match = has_parent && parent->parent_matched[i];
    if (!is_match) {
      if (pattern.is_exception() != verdict.excluded) continue;
      is_match = has_parent ? pattern.matches(path) : pattern.matches_or_parent(path);
    }
    verdict.parent_matched[i] = is_match;
    if (is_match) verdict.excluded = !pattern.is_exception();
  }
  return verdict;
}

bool IgnoreMatcher::can_prune(std::string_view path) const {
  for (const Pattern& pattern : impl_->patterns) {
    if (pattern.is_exception() && pattern.may_match_below(path)) return false;
  }
  return true;
}

}  // namespace ibuild::parser
