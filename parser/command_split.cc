#include "parser/command_split.h"

#include <string>
#include <utility>

#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

Word trimmed_word(std::string_view line, std::size_t begin, std::size_t end) {
  const std::string_view left = trim_left_space(line.substr(begin, end - begin));
  const std::string_view trimmed = trim_space(left);
  const std::size_t first = end - left.size();
  return {std::string(trimmed), first, first + trimmed.size()};
}

bool is_flag_space(char c) { return is_blank(c) || c == '\n'; }

/// Reads flag words from `at` on. Inside quotes, too, the escape character takes the next one as it
/// is.
class FlagReader {
 public:
  FlagReader(std::string_view line, std::size_t at, std::size_t end, char escape)
      : line_(line), at_(at), end_(end), escape_(escape) {}

  /// Where the flags end.
  std::size_t position() const { return at_; }

  std::vector<Word> read() {
    std::vector<Word> flags;
    for (;;) {
      while (at_ < end_ && is_flag_space(line_[at_])) ++at_;
      if (at_ + 1 >= end_ || line_[at_] != '-' || line_[at_ + 1] != '-') return flags;
      Word flag = read_word();
      if (flag.text == "--") return flags;
      flags.push_back(std::move(flag));
    }
  }

 private:
  Word read_word() {
    Word word;
    word.begin = at_;
    char quote = '\0';
    for (; at_ < end_; ++at_) {
      const char c = line_[at_];
      if (quote == '\0' && is_flag_space(c)) break;
      if (quote == '\0' ? (c == '"' || c == '\'') : c == quote) {
        quote = quote == '\0' ? c : '\0';
      } else if (c == escape_) {
        if (at_ + 1 == end_) continue;  // an escape at the very end is nothing
        word.text += line_[++at_];
      } else {
        word.text += c;
      }
    }
    word.end = at_;
    return word;
  }

  std::string_view line_;
  std::size_t at_;
  std::size_t end_;
  char escape_;
};

}  // namespace

SplitCommand split_command(std::string_view line, char escape) {
  const Word whole = trimmed_word(line, 0, line.size());
  SplitCommand command;
  std::size_t at = whole.begin;
  while (at < whole.end && !is_blank(line[at])) ++at;
  command.keyword = {std::string(line.substr(whole.begin, at - whole.begin)), whole.begin, at};
  while (at < whole.end && is_blank(line[at])) ++at;
  FlagReader flags(line, at, whole.end, escape);
  command.flags = flags.read();
  command.arguments = trimmed_word(line, flags.position(), whole.end);
  return command;
}

}  // namespace ibuild::parser
