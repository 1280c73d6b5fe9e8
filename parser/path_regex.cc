// See: https://github.com/google/re2/wiki/Syntax for the language; Thompson's simulation for the
// matching.
#include "parser/path_regex.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

Character take_character(std::string_view& text) {
  const Character next = next_character(text);
  text.remove_prefix(next.size);
  return next;
}

bool is_word(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::optional<char32_t> control_character(char letter) {
  constexpr std::string_view kLetters = "aftnrv";
  constexpr std::string_view kMeanings = "\a\f\t\n\r\v";
  const auto at = kLetters.find(letter);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<char32_t>(kMeanings[at]);
}

bool is_punctuation(char32_t c) { return c < 0x80 && (c == '_' || !is_word(c)); }

std::optional<unsigned> digit_value(char32_t c, unsigned base) {
  unsigned value = base;
  if (c >= '0' && c <= '9') value = c - '0';
  if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
  if (value >= base) return std::nullopt;
  return value;
}

/// Up to three digits, of which `first` is taken already.
char32_t octal_character(char32_t first, std::string_view& rest) {
  char32_t result = first - '0';
  for (int i = 1; i < 3 && !rest.empty(); ++i) {
    const auto digit = digit_value(static_cast<unsigned char>(rest.front()), 8);
    if (!digit) break;
    result = result * 8 + *digit;
    rest.remove_prefix(1);
  }
  return result;
}

/// Two digits behind an x. In braces any number of them may stand in this language, but the braces
/// of an ignore pattern stand for themselves.
std::optional<char32_t> hex_character(std::string_view& rest) {
  char32_t result = 0;
  for (int i = 0; i < 2; ++i) {
    if (rest.empty()) return std::nullopt;
    const auto digit = digit_value(take_character(rest).code_point, 16);
    if (!digit) return std::nullopt;
    result = result * 16 + *digit;
  }
  return result;
}

/// The one character that is meant by a backslash and what `rest` begins with.
char32_t take_escaped(std::string_view& rest) {
  if (rest.empty()) throw base::UsageError("a backslash at the end");
  const char32_t c = take_character(rest).code_point;
  if (is_punctuation(c)) return c;
  const bool is_octal = !rest.empty() && digit_value(static_cast<unsigned char>(rest.front()), 8);
  // A single digit would refer to a group, were it not 0.
  if (c == '0' || (c >= '1' && c <= '7' && is_octal)) return octal_character(c, rest);
  std::optional<char32_t> result;
  if (c == 'x') result = hex_character(rest);
  if (c < 0x80 && c != 'x') result = control_character(static_cast<char>(c));
  if (!result) throw base::UsageError("bad escape sequence");
  return *result;
}

}  // namespace

bool PathRegex::Class::contains(char32_t c) const {
  const bool is_listed =
      std::any_of(ranges.begin(), ranges.end(),
                  [c](const CodePointRange& range) { return range.first <= c && c <= range.last; });
  return is_listed != is_negated;
}

class PathRegex::Compiler {
 public:
  Compiler(PathRegex& regex, std::string_view expression) : regex_(regex), rest_(expression) {}

  void run() {
    compile_sequence(0);
    while (take('|')) compile_alternative();
    if (!rest_.empty()) throw base::UsageError("unmatched ')'");
    emit(Kind::match, 0);
  }

 private:
  void emit(Kind kind, std::uint32_t argument) { regex_.program_.push_back({kind, argument}); }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// What stands before it is a whole match, and so is what follows.
  void compile_alternative() {
    regex_.searches_ = true;
    insert_fork(0);
    emit(Kind::match, 0);
    regex_.program_[0].argument = static_cast<std::uint32_t>(regex_.program_.size());
    compile_sequence(0);
  }

  void compile_sequence(int depth) {
    while (!rest_.empty() && rest_.front() != ')' && rest_.front() != '|') {
      const std::size_t start = regex_.program_.size();
      compile_atom(depth);
      if (take('?')) make_optional(start);
      if (take('*')) make_repeated(start);
    }
  }

  /// Puts a fork before the code from `start` on, which may then be skipped.
  void make_optional(std::size_t start) {
    insert_fork(start);
    regex_.program_[start].argument = static_cast<std::uint32_t>(regex_.program_.size());
  }

  /// A fork before it, and another behind that leads back.
  void make_repeated(std::size_t start) {
    insert_fork(start);
    emit(Kind::fork, static_cast<std::uint32_t>(start + 1));
    regex_.program_[start].argument = static_cast<std::uint32_t>(regex_.program_.size());
  }

  /// Forks within the moved code move along.
  void insert_fork(std::size_t start) {
    const auto begin = regex_.program_.begin() + static_cast<std::ptrdiff_t>(start);
    for (auto it = begin; it != regex_.program_.end(); ++it) {
      if (it->kind == Kind::fork) ++it->argument;
    }
    regex_.program_.insert(begin, {Kind::fork, 0});
  }

  void compile_atom(int depth) {
    const char32_t c = take_character(rest_).code_point;
    switch (c) {
      case '^':
        emit(Kind::begin, 0);
        break;
      case '$':
        emit(Kind::end, 0);
        break;
      case '.':
        emit(Kind::any, 0);
        break;
      case '[':
        compile_class();
        break;
      case '\\':
        compile_escape();
        break;
      case '(':
        if (depth > 8) throw base::UsageError("groups are nested too deeply");
        compile_sequence(depth + 1);
        if (!take(')')) throw base::UsageError("')' is missing");
        break;
      case '*':
      case '?':
        throw base::UsageError("nothing to repeat");
      default:
        emit(Kind::character, c);
    }
  }

  void compile_escape() {
    if (rest_.starts_with('Q')) return compile_quoted();
    const char letter = rest_.empty() ? '\0' : rest_.front();
    if (letter == 'b' || letter == 'B') {
      emit(Kind::boundary, letter == 'b' ? 1 : 0);
    } else if (letter == 'A') {
      emit(Kind::begin, 0);
    } else if (letter == 'z') {
      emit(Kind::end, 0);
    } else if (auto ranges = take_class()) {
      return emit_class({*std::move(ranges), false});
    } else {
      return emit(Kind::character, take_escaped(rest_));
    }
    rest_.remove_prefix(1);
  }

  /// Up to \E or the end everything stands for itself.
  void compile_quoted() {
    rest_.remove_prefix(1);
    const auto end = rest_.find("\\E");
    std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 2);
    while (!text.empty()) emit(Kind::character, take_character(text).code_point);
  }

  /// The class that is meant by a backslash and what follows, if it is one.
  std::optional<CodePointRanges> take_class() {
    if (rest_.empty()) return std::nullopt;
    const char letter = rest_.front();
    if (letter == 'p' || letter == 'P') return take_category();
    auto ranges = perl_class(letter);
    if (ranges) rest_.remove_prefix(1);
    return ranges;
  }

  CodePointRanges take_category() {
    const bool is_negated = rest_.front() == 'P';
    rest_.remove_prefix(1);
    if (rest_.empty()) throw base::UsageError("a category is missing");
    const auto ranges = category_class(take_character(rest_).code_point);
    if (!ranges) throw base::UsageError("unknown category of characters");
    return is_negated ? complement(*ranges) : *ranges;
  }

  void emit_class(Class klass) {
    emit(Kind::klass, static_cast<std::uint32_t>(regex_.classes_.size()));
    regex_.classes_.push_back(std::move(klass));
  }

  void compile_class() {
    Class klass;
    klass.is_negated = take('^');
    for (bool is_first = true; is_first || !take(']'); is_first = false) {
      if (rest_.empty()) throw base::UsageError("']' is missing");
      const CodePointRanges ranges = class_item();
      klass.ranges.insert(klass.ranges.end(), ranges.begin(), ranges.end());
    }
    emit_class(std::move(klass));
  }

  CodePointRanges class_item() {
    if (rest_.starts_with("[:")) {
      const auto close = rest_.find(":]", 2);
      if (close != std::string_view::npos) return named_item(close);
    }
    const std::string_view item = rest_;
    if (rest_.starts_with('\\')) {
      rest_.remove_prefix(1);
      if (auto ranges = take_class()) return *std::move(ranges);
      rest_ = item;
    }
    const char32_t low = class_character();
    if (!rest_.starts_with('-') || rest_.starts_with("-]") || rest_.size() == 1)
      return {{low, low}};
    rest_.remove_prefix(1);
    const char32_t high = class_character();
    if (high < low) throw base::UsageError("bad range in a character class");
    return {{low, high}};
  }

  CodePointRanges named_item(std::size_t close) {
    std::string_view name = rest_.substr(2, close - 2);
    const bool is_negated = name.starts_with('^');
    if (is_negated) name.remove_prefix(1);
    auto ranges = named_class(name);
    if (!ranges) throw base::UsageError("unknown character class");
    rest_.remove_prefix(close + 2);
    return is_negated ? complement(*ranges) : *std::move(ranges);
  }

  char32_t class_character() {
    if (rest_.empty()) throw base::UsageError("']' is missing");
    const char32_t c = take_character(rest_).code_point;
    return c == '\\' ? take_escaped(rest_) : c;
  }

  PathRegex& regex_;
  std::string_view rest_;
};

/// One match: the instructions that are active before each character.
class PathRegex::Run {
 public:
  enum class End { text, text_or_slash };

  Run(const PathRegex& regex, std::string_view text, End end)
      : regex_(regex), rest_(text), end_(end), last_added_(regex.program_.size(), 0) {}

  bool run() {
    add(0);
    while (!is_match_ && !rest_.empty() && (regex_.searches_ || !active_.empty())) {
      const char32_t c = take_character(rest_).code_point;
      std::swap(active_, before_);
      active_.clear();
      previous_ = c;
      ++step_;
      for (const std::uint32_t at : before_) {
        if (accepts(regex_.program_[at], c)) add(at + 1);
      }
      if (regex_.searches_) add(0);
    }
    return is_match_;
  }

 private:
  bool accepts(const Instruction& instruction, char32_t c) const {
    switch (instruction.kind) {
      case Kind::character:
        return instruction.argument == c;
      case Kind::any:
        return c != '\n';
      case Kind::klass:
        return regex_.classes_[instruction.argument].contains(c);
      default:
        return false;
    }
  }

  bool holds(const Instruction& instruction) const {
    if (instruction.kind == Kind::begin) return step_ == 1;
    if (instruction.kind == Kind::end) return is_end();
    const bool before = step_ > 1 && is_word(previous_);
    const bool behind = !is_end() && is_word(next_character(rest_).code_point);
    return (before != behind) == (instruction.argument == 1);
  }

  bool is_end() const {
    return rest_.empty() || (end_ == End::text_or_slash && rest_.front() == '/');
  }

  /// Follows all that takes no character. The list of places still to visit stands in for
  /// recursion.
  void add(std::uint32_t first) {
    pending_.push_back(first);
    while (!pending_.empty()) {
      const std::uint32_t at = pending_.back();
      pending_.pop_back();
      if (last_added_[at] == step_) continue;
      last_added_[at] = step_;
      const Instruction& instruction = regex_.program_[at];
      switch (instruction.kind) {
        case Kind::match:
          is_match_ = true;
          break;
        case Kind::fork:
          pending_.push_back(instruction.argument);
          pending_.push_back(at + 1);
          break;
        case Kind::begin:
        case Kind::end:
        case Kind::boundary:
          if (holds(instruction)) pending_.push_back(at + 1);
          break;
        default:
          active_.push_back(at);
      }
    }
  }

  const PathRegex& regex_;
  std::string_view rest_;
  End end_;
  std::vector<std::uint32_t> last_added_;  // the step in which each instruction was last added
  std::vector<std::uint32_t> active_, before_, pending_;
  std::uint32_t step_ = 1;
  char32_t previous_ = 0;
  bool is_match_ = false;
};

PathRegex::PathRegex(std::string_view expression) { Compiler(*this, expression).run(); }

bool PathRegex::matches(std::string_view text) const {
  return Run(*this, text, Run::End::text).run();
}

bool PathRegex::matches_or_parent(std::string_view text) const {
  return Run(*this, text, Run::End::text_or_slash).run();
}

}  // namespace ibuild::parser
