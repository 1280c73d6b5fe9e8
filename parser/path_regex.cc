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

/// Behind the code points come the bytes that are no UTF-8, each a character of its own.
constexpr char32_t kLastCodePoint = kInvalidByte + 0xff;

Character take_character(std::string_view& text) {
  const Character next = next_character(text);
  text.remove_prefix(next.size);
  return next;
}

bool is_word(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// What is in between sorted ranges.
template <typename Range>
std::vector<Range> complement(const std::vector<Range>& ranges) {
  std::vector<Range> result;
  char32_t next = 0;
  for (const Range& range : ranges) {
    if (range.low > next) result.push_back({next, range.low - 1});
    next = range.high + 1;
  }
  result.push_back({next, kLastCodePoint});
  return result;
}

template <typename Range>
std::optional<std::vector<Range>> perl_class(char letter) {
  switch (letter) {
    case 'd':
      return std::vector<Range>{{'0', '9'}};
    case 's':
      return std::vector<Range>{{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
    case 'w':
      return std::vector<Range>{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    case 'D':
      return complement(*perl_class<Range>('d'));
    case 'S':
      return complement(*perl_class<Range>('s'));
    case 'W':
      return complement(*perl_class<Range>('w'));
    default:
      return std::nullopt;
  }
}

/// [:alpha:] and its kin.
template <typename Range>
std::optional<std::vector<Range>> named_class(std::string_view name) {
  if (name == "alnum") return std::vector<Range>{{'0', '9'}, {'A', 'Z'}, {'a', 'z'}};
  if (name == "alpha") return std::vector<Range>{{'A', 'Z'}, {'a', 'z'}};
  if (name == "ascii") return std::vector<Range>{{0, 0x7f}};
  if (name == "blank") return std::vector<Range>{{'\t', '\t'}, {' ', ' '}};
  if (name == "cntrl") return std::vector<Range>{{0, 0x1f}, {0x7f, 0x7f}};
  if (name == "digit") return std::vector<Range>{{'0', '9'}};
  if (name == "graph") return std::vector<Range>{{'!', '~'}};
  if (name == "lower") return std::vector<Range>{{'a', 'z'}};
  if (name == "print") return std::vector<Range>{{' ', '~'}};
  if (name == "punct") return std::vector<Range>{{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}};
  if (name == "space") return std::vector<Range>{{'\t', '\r'}, {' ', ' '}};
  if (name == "upper") return std::vector<Range>{{'A', 'Z'}};
  if (name == "word") return perl_class<Range>('w');
  if (name == "xdigit") return std::vector<Range>{{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
  return std::nullopt;
}

std::optional<char32_t> control_character(char letter) {
  constexpr std::string_view kLetters = "aftnrv";
  constexpr std::string_view kMeanings = "\a\f\t\n\r\v";
  const auto at = kLetters.find(letter);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<char32_t>(kMeanings[at]);
}

bool is_punctuation(char32_t c) { return c < 0x80 && (c == '_' || !is_word(c)); }

}  // namespace

bool PathRegex::Class::contains(char32_t c) const {
  const bool is_listed = std::any_of(ranges.begin(), ranges.end(), [c](const Range& range) {
    return range.low <= c && c <= range.high;
  });
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
    if (rest_.empty()) throw base::UsageError("a backslash at the end");
    const char32_t c = take_character(rest_).code_point;
    const char letter = c < 0x80 ? static_cast<char>(c) : '\0';
    if (is_punctuation(c)) {
      emit(Kind::character, c);
    } else if (letter == 'b' || letter == 'B') {
      emit(Kind::boundary, letter == 'b' ? 1 : 0);
    } else if (letter == 'A') {
      emit(Kind::begin, 0);
    } else if (letter == 'z') {
      emit(Kind::end, 0);
    } else if (auto ranges = perl_class<Range>(letter)) {
      emit_class({*std::move(ranges), false});
    } else if (const auto control = control_character(letter)) {
      emit(Kind::character, *control);
    } else {
      throw base::UsageError("bad escape sequence");
    }
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
      std::vector<Range> ranges = class_item();
      klass.ranges.insert(klass.ranges.end(), ranges.begin(), ranges.end());
    }
    emit_class(std::move(klass));
  }

  std::vector<Range> class_item() {
    if (rest_.starts_with("[:")) {
      const auto close = rest_.find(":]", 2);
      if (close != std::string_view::npos) return named_item(close);
    }
    if (rest_.starts_with('\\') && rest_.size() > 1) {
      if (auto ranges = perl_class<Range>(rest_[1])) {
        rest_.remove_prefix(2);
        return *std::move(ranges);
      }
    }
    const char32_t low = class_character();
    if (!rest_.starts_with('-') || rest_.starts_with("-]") || rest_.size() == 1)
      return {{low, low}};
    rest_.remove_prefix(1);
    const char32_t high = class_character();
    if (high < low) throw base::UsageError("bad range in a character class");
    return {{low, high}};
  }

  std::vector<Range> named_item(std::size_t close) {
    std::string_view name = rest_.substr(2, close - 2);
    const bool is_negated = name.starts_with('^');
    if (is_negated) name.remove_prefix(1);
    auto ranges = named_class<Range>(name);
    if (!ranges) throw base::UsageError("unknown character class");
    rest_.remove_prefix(close + 2);
    return is_negated ? complement(*ranges) : *std::move(ranges);
  }

  char32_t class_character() {
    if (rest_.empty()) throw base::UsageError("']' is missing");
    const char32_t c = take_character(rest_).code_point;
    if (c != '\\') return c;
    if (rest_.empty()) throw base::UsageError("a backslash at the end");
    const char32_t escaped = take_character(rest_).code_point;
    if (is_punctuation(escaped)) return escaped;
    const auto control = control_character(escaped < 0x80 ? static_cast<char>(escaped) : '\0');
    if (!control) throw base::UsageError("bad escape sequence");
    return *control;
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
