#include "parser/shell_lexer.h"

#include <utility>

#include "base/error.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

constexpr char kNoStop = '\0';
/// Deeper nesting of ${a:-${b:-…}} than anybody writes; each level is a frame of the stack.
constexpr int kDeepestNesting = 100;

}  // namespace

void ShellLexer::Output::add_plain(std::string_view characters) {
  text += characters;
  std::size_t start = 0;  // of what is not yet in the word
  std::size_t at = 0;
  while (at < characters.size()) {
    const Character next = next_character(characters.substr(at));
    if (is_space(next.code_point)) {
      add_to_word(characters.substr(start, at - start));
      end_word();
      start = at + next.size;
    }
    at += next.size;
  }
  add_to_word(characters.substr(start));
}

void ShellLexer::Output::add_to_word(std::string_view characters) {
  word += characters;
  if (!characters.empty()) in_word = true;
}

void ShellLexer::Output::add_quoted(std::string_view characters) {
  text += characters;
  word += characters;
  in_word = true;
}

void ShellLexer::Output::end_word() {
  if (!in_word || word.empty()) return;
  words.push_back(std::exchange(word, {}));
  in_word = false;
}

LexedText ShellLexer::run() {
  // A byte order mark at the start is no character of the text.
  if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  Output output = lex_until(kNoStop, {});
  result_.text = std::move(output.text);
  result_.words = std::move(output.words);
  return std::move(result_);
}

ShellLexer::Output ShellLexer::lex_until(char stop, std::string_view missing) {
  if (++depth_ > kDeepestNesting) throw base::UsageError("substitutions are nested too deeply");
  word_.clear();
  Output output{word_, {}, {}, false};
  while (!at_end()) {
    if (stop != kNoStop && rest_.front() == stop) {
      rest_.remove_prefix(1);
      output.end_word();
      --depth_;
      return output;
    }
    output.add_plain(take_plain(stop));
    if (at_end() || (stop != kNoStop && rest_.front() == stop)) continue;
    lex_one(output);
    if (output.text.size() > (std::size_t{1} << 24)) {
      throw base::UsageError("the expansion is larger than 16 MiB");
    }
  }
  if (stop != kNoStop) {
    throw base::UsageError("syntax error: missing " + std::string(missing));
  }
  output.end_word();
  --depth_;
  return output;
}

void ShellLexer::lex_one(Output& output) {
  const char c = rest_.front();
  if (c == '$') {
    output.add_plain(lex_dollar());
  } else if (c == '<') {
    output.add_quoted(lex_possible_heredoc());
  } else if (c == '\'' && !options_.ignore_quotes) {
    output.add_quoted(lex_single_quotes());
  } else if (c == '"' && !options_.ignore_quotes) {
    output.add_quoted(lex_double_quotes());
  } else if (c == options_.escape) {
    lex_escape(output);
  } else {
    output.add_plain(take());
  }
}

/// The longest run of characters that mean nothing but themselves.
std::string_view ShellLexer::take_plain(char stop) {
  std::size_t size = 0;
  while (size < rest_.size()) {
    const char c = rest_[size];
    const bool is_special = c == '$' || c == '<' || c == '\'' || c == '"' || c == options_.escape ||
                            (stop != kNoStop && c == stop);
    if (is_special) break;
    ++size;
  }
  const std::string_view run = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return run;
}

/// The character behind an escape is itself, whatever it is. At the very end an escape is nothing.
void ShellLexer::lex_escape(Output& output) {
  const std::string_view escape = take();
  if (keep_escapes_) output.add_quoted(escape);
  if (!at_end()) output.add_quoted(take());
}

std::string ShellLexer::lex_single_quotes() {
  const std::size_t end = rest_.find('\'', 1);
  if (end == std::string_view::npos) throw base::UsageError("a single quote is not closed");
  const std::string_view quoted = rest_.substr(0, end + 1);
  rest_.remove_prefix(quoted.size());
  return std::string(options_.keep_quotes ? quoted : quoted.substr(1, quoted.size() - 2));
}

std::string ShellLexer::lex_double_quotes() {
  std::string result;
  if (options_.keep_quotes) result += '"';
  rest_.remove_prefix(1);
  while (!at_end()) {
    const char c = rest_.front();
    if (c == '"') {
      rest_.remove_prefix(1);
      if (options_.keep_quotes) result += '"';
      return result;
    }
    if (c == '$') {
      result += lex_dollar();
    } else if (c == options_.escape) {
      result += lex_double_quoted_escape();
    } else {
      result += take();
    }
  }
  throw base::UsageError("a double quote is not closed");
}

/// Within double quotes an escape works before `"`, `$` and itself, and is an ordinary character
/// elsewhere.
std::string ShellLexer::lex_double_quoted_escape() {
  std::string result;
  const std::string_view escape = take();
  if (keep_escapes_) result += escape;
  if (at_end()) return result;
  const char next = rest_.front();
  result += next == '"' || next == '$' || next == options_.escape ? take() : escape;
  return result;
}

/// "<<" holds the blanks behind it, so that "<< EOF" is one word.
std::string ShellLexer::lex_possible_heredoc() {
  rest_.remove_prefix(1);
  if (!take_if('<')) return "<";
  std::string result = "<<";
  while (!at_end() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r')) {
    result += take();
  }
  return result;
}

char32_t ShellLexer::peek() const {
  return at_end() ? char32_t{0xffffffff} : next_character(rest_).code_point;
}

/// The next character's bytes. Requires: !at_end().
std::string_view ShellLexer::take() {
  const std::string_view character = rest_.substr(0, next_character(rest_).size);
  rest_.remove_prefix(character.size());
  return character;
}

bool ShellLexer::take_if(char c) {
  if (at_end() || rest_.front() != c) return false;
  rest_.remove_prefix(1);
  return true;
}

}  // namespace ibuild::parser
