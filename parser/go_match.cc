// See: https://pkg.go.dev/path/filepath#Match
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "parser/ignore_matcher.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

/// A run of stars and what follows up to the next one.
struct Chunk {
  bool has_star = false;
  std::string_view text;
};

/// Takes the first chunk off `pattern`.
Chunk take_chunk(std::string_view& pattern) {
  Chunk chunk;
  while (pattern.starts_with('*')) {
    chunk.has_star = true;
    pattern.remove_prefix(1);
  }
  bool in_class = false;
  std::size_t end = 0;
  for (; end < pattern.size(); ++end) {
    const char c = pattern[end];
    if (c == '*' && !in_class) break;
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    if (c == '\\' && end + 1 < pattern.size()) ++end;
  }
  chunk.text = pattern.substr(0, end);
  pattern.remove_prefix(end);
  return chunk;
}

/// Matches one chunk at the start of a name, and goes on to check its syntax where it does not
/// match.
class ChunkMatcher {
 public:
  ChunkMatcher(std::string_view chunk, std::string_view name) : chunk_(chunk), name_(name) {}

  /// What is left of the name; none where it does not match.
  std::optional<std::string_view> run() {
    while (!chunk_.empty()) {
      if (name_.empty()) failed_ = true;
      match_one();
    }
    if (failed_) return std::nullopt;
    return name_;
  }

  struct BadPattern {};

 private:
  void match_one() {
    const char c = chunk_.front();
    if (c == '[') {
      match_class();
      return;
    }
    if (c == '?') {
      chunk_.remove_prefix(1);
      if (!failed_ && name_.front() == '/') failed_ = true;
      if (!failed_) name_.remove_prefix(next_character(name_).size);
      return;
    }
    if (c == '\\') {
      chunk_.remove_prefix(1);
      if (chunk_.empty()) throw BadPattern();
    }
    if (!failed_ && chunk_.front() != name_.front()) failed_ = true;
    if (!failed_) name_.remove_prefix(1);
    chunk_.remove_prefix(1);
  }

  void match_class() {
    char32_t wanted = 0;
    if (!failed_) {
      const Character next = next_character(name_);
      wanted = next.code_point;
      name_.remove_prefix(next.size);
    }
    chunk_.remove_prefix(1);
    const bool is_negated = chunk_.starts_with('^');
    if (is_negated) chunk_.remove_prefix(1);
    bool is_match = false;
    for (bool is_first = true;; is_first = false) {
      if (!is_first && chunk_.starts_with(']')) break;
      const char32_t low = class_character();
      char32_t high = low;
      if (chunk_.starts_with('-')) {
        chunk_.remove_prefix(1);
        high = class_character();
      }
      if (low <= wanted && wanted <= high) is_match = true;
    }
    chunk_.remove_prefix(1);
    if (is_match == is_negated) failed_ = true;
  }

  /// One end of a range. Something must follow it, if only the closing bracket.
  char32_t class_character() {
    if (chunk_.empty() || chunk_.front() == '-' || chunk_.front() == ']') throw BadPattern();
    if (chunk_.front() == '\\') chunk_.remove_prefix(1);
    if (chunk_.empty()) throw BadPattern();
    const Character next = next_character(chunk_);
    if (next.code_point >= kInvalidByte) throw BadPattern();
    chunk_.remove_prefix(next.size);
    if (chunk_.empty()) throw BadPattern();
    return next.code_point;
  }

  std::string_view chunk_;
  std::string_view name_;
  bool failed_ = false;
};

/// Tries the chunk behind ever more characters of the name; a star takes no slash.
std::optional<std::string_view> match_behind_star(std::string_view chunk, std::string_view name,
                                                  bool is_last) {
  while (!name.empty() && name.front() != '/') {
    name.remove_prefix(1);
    const auto rest = ChunkMatcher(chunk, name).run();
    if (rest && (!is_last || rest->empty())) return rest;
  }
  return std::nullopt;
}

bool match_pattern(std::string_view pattern, std::string_view name) {
  while (!pattern.empty()) {
    const Chunk chunk = take_chunk(pattern);
    if (chunk.has_star && chunk.text.empty()) return name.find('/') == std::string_view::npos;
    const auto rest = ChunkMatcher(chunk.text, name).run();
    if (rest && (rest->empty() || !pattern.empty())) {
      name = *rest;
      continue;
    }
    const auto later =
        chunk.has_star ? match_behind_star(chunk.text, name, pattern.empty()) : std::nullopt;
    if (later) {
      name = *later;
      continue;
    }
    return false;  // Go does not look into the chunks that are left, wrong as they may be
  }
  return name.empty();
}

}  // namespace

bool go_match(std::string_view pattern, std::string_view path) {
  try {
    return match_pattern(pattern, path);
  } catch (const ChunkMatcher::BadPattern&) {
    throw base::UsageError("bad pattern \"" + base::printable(pattern) + "\"");
  }
}

bool has_wildcard(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\') {
      ++i;
    } else if (path[i] == '*' || path[i] == '?' || path[i] == '[') {
      return true;
    }
  }
  return false;
}

}  // namespace ibuild::parser
