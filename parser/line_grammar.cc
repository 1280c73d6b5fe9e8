#include "parser/line_grammar.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "parser/diagnostic.h"
#include "parser/json_strings.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

std::vector<Word> split_blanks(const Word& arguments) {
  std::vector<Word> words;
  const std::string_view text = arguments.text;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && !is_blank(text[end])) ++end;
    words.push_back(
        {std::string(text.substr(at, end - at)), arguments.begin + at, arguments.begin + end});
    while (end < text.size() && is_blank(text[end])) ++end;
    at = end;
  }
  return words;
}

/// Splits at white space outside quotes. Quotes and escapes stay: expansion takes them off.
class QuotedWords {
 public:
  QuotedWords(const Word& arguments, char escape)
      : text_(arguments.text), offset_(arguments.begin), escape_(escape) {}

  std::vector<Word> read() {
    std::vector<Word> words;
    while (skip_space()) {
      Word word = read_word();
      if (!word.text.empty()) words.push_back(std::move(word));
    }
    return words;
  }

 private:
  bool skip_space() {
    while (at_ < text_.size()) {
      const Character next = next_character(text_.substr(at_));
      if (!is_space(next.code_point)) return true;
      at_ += next.size;
    }
    return false;
  }

  Word read_word() {
    Word word;
    word.begin = offset_ + at_;
    char quote = '\0';
    while (at_ < text_.size()) {
      const Character next = next_character(text_.substr(at_));
      if (quote == '\0' && is_space(next.code_point)) break;
      const char c = text_[at_];
      if (quote == '\0' && (c == '\'' || c == '"')) {
        quote = c;
      } else if (quote != '\0' && c == quote) {
        quote = '\0';
      }
      if (c == escape_ && quote != '\'') {
        take_escape(word, quote);
      } else {
        take(word, next.size);
      }
    }
    word.end = offset_ + at_;
    return word;
  }

  /// An escape at the very end is nothing, and ends a quote.
  void take_escape(Word& word, char& quote) {
    if (at_ + 1 == text_.size()) {
      quote = '\0';
      ++at_;
      return;
    }
    take(word, 1);
    take(word, next_character(text_.substr(at_)).size);
  }

  void take(Word& word, std::size_t size) {
    word.text += text_.substr(at_, size);
    at_ += size;
  }

  std::string_view text_;
  std::size_t offset_;
  char escape_;
  std::size_t at_ = 0;
};

Word empty_word(std::size_t at) { return {std::string(), at, at}; }

/// "KEY name value": all behind the first blanks is the value.
std::vector<Word> split_old_pair(Keyword keyword, const Word& arguments, const LogicalLine& line) {
  const std::string_view text = arguments.text;
  std::size_t key_end = 0;
  while (key_end < text.size() && !is_blank(text[key_end])) ++key_end;
  std::size_t value = key_end;
  while (value < text.size() && is_blank(text[value])) ++value;
  if (value == key_end) {
    throw DockerfileError("wrong-argument-count", line.range(arguments.begin, arguments.end),
                          keyword_name(keyword) + " must have two arguments");
  }
  return {Word{std::string(text.substr(0, key_end)), arguments.begin, arguments.begin + key_end},
          Word{std::string(text.substr(value)), arguments.begin + value, arguments.end},
          empty_word(arguments.end)};
}

std::vector<Word> split_pairs(Keyword keyword, const Word& arguments, const LogicalLine& line,
                              char escape) {
  std::vector<Word> words = QuotedWords(arguments, escape).read();
  if (words.empty()) return {};
  if (words.front().text.find('=') == std::string::npos) {
    return split_old_pair(keyword, arguments, line);
  }
  std::vector<Word> pairs;
  pairs.reserve(words.size() * 3);
  for (Word& word : words) {
    const auto equals = word.text.find('=');
    if (equals == std::string::npos) {
      throw DockerfileError("missing-equals", line.range(word.begin, word.end),
                            "can't find = in \"" + base::printable(word.text) +
                                "\": pairs must be of the form name=value");
    }
    pairs.push_back({word.text.substr(0, equals), word.begin, word.begin + equals});
    pairs.push_back({word.text.substr(equals + 1), word.begin + equals + 1, word.end});
    pairs.push_back({"=", word.begin + equals, word.begin + equals + 1});
  }
  return pairs;
}

/// The exec form, if that is what it is.
std::optional<LineWords> split_json(const Word& arguments, const LogicalLine& line) {
  const std::string_view text = trim_left_space(arguments.text);
  if (!text.starts_with('[')) return std::nullopt;
  std::optional<JsonStrings> json = parse_json_strings(text);
  if (!json) return std::nullopt;
  if (json->has_other_values) {
    throw DockerfileError("invalid-json", line.range(arguments.begin, arguments.end),
                          "an argument list in JSON form must be made of strings only");
  }
  LineWords result;
  result.json = true;
  for (std::string& element : json->strings) {
    result.words.push_back({std::move(element), arguments.begin, arguments.end});
  }
  return result;
}

LineWords split_json_or_text(const Word& arguments, const LogicalLine& line) {
  if (arguments.text.empty()) return {};
  if (std::optional<LineWords> json = split_json(arguments, line)) return *std::move(json);
  return {{arguments}, false};
}

LineWords split_json_or_list(const Word& arguments, const LogicalLine& line) {
  if (std::optional<LineWords> json = split_json(arguments, line)) return *std::move(json);
  return {split_blanks(arguments), false};
}

/// The kind (CMD or NONE), then the command.
LineWords split_healthcheck(const Word& arguments, const LogicalLine& line) {
  const std::string_view text = arguments.text;
  const auto is_break = [](char c) { return is_blank(c) || c == '\n'; };
  std::size_t kind_end = 0;
  while (kind_end < text.size() && !is_break(text[kind_end])) ++kind_end;
  if (kind_end == 0) return {};
  std::size_t rest = kind_end;
  while (rest < text.size() && is_break(text[rest])) ++rest;
  const Word command{std::string(text.substr(rest)), arguments.begin + rest, arguments.end};
  LineWords result = split_json_or_text(command, line);
  result.words.insert(result.words.begin(), {std::string(text.substr(0, kind_end)), arguments.begin,
                                             arguments.begin + kind_end});
  return result;
}

}  // namespace

LineWords split_arguments(Keyword keyword, const Word& arguments, const LogicalLine& line,
                          char escape) {
  switch (keyword) {
    case Keyword::cmd:
    case Keyword::entrypoint:
    case Keyword::run:
    case Keyword::shell:
      return split_json_or_text(arguments, line);
    case Keyword::add:
    case Keyword::copy:
    case Keyword::volume:
      return split_json_or_list(arguments, line);
    case Keyword::env:
    case Keyword::label:
      return {split_pairs(keyword, arguments, line, escape), false};
    case Keyword::arg:
      return {QuotedWords(arguments, escape).read(), false};
    case Keyword::expose:
    case Keyword::from:
      return {split_blanks(arguments), false};
    case Keyword::healthcheck:
      return split_healthcheck(arguments, line);
    case Keyword::maintainer:
    case Keyword::onbuild:
    case Keyword::stopsignal:
    case Keyword::user:
    case Keyword::workdir:
      break;
  }
  if (arguments.text.empty()) return {};
  return {{arguments}, false};
}

}  // namespace ibuild::parser
