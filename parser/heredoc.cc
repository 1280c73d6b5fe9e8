#include "parser/heredoc.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "parser/shell_lexer.h"

namespace ibuild::parser {

namespace {

std::vector<std::string> delimiter_words(std::string_view text, const LexerOptions& options) {
  static const VariableLookup kNoVariables;
  return ShellLexer(text, options, kNoVariables).run().words;
}

auto count_quotes(const std::string& text) {
  return std::count(text.begin(), text.end(), '\'') + std::count(text.begin(), text.end(), '"');
}

/// The number in front of "<<"; 0 when there is none or it is no descriptor.
unsigned descriptor_of(std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() ? value : 0;
}

}  // namespace

std::optional<Heredoc> parse_heredoc_word(std::string_view word) {
  const auto digits = std::min(word.find_first_not_of("0123456789"), word.size());
  std::string_view rest = word.substr(digits);
  if (!rest.starts_with("<<")) return std::nullopt;
  rest.remove_prefix(2);
  Heredoc heredoc;
  heredoc.fd = descriptor_of(word.substr(0, digits));
  heredoc.chomp = rest.starts_with('-');
  if (heredoc.chomp) rest.remove_prefix(1);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n\f\r"), rest.size()));
  if (rest.empty() || rest.find('<') != std::string_view::npos) return std::nullopt;
  // Read with and without its quotes: where these differ, the delimiter is quoted and the body is
  // not expanded.
  std::vector<std::string> words = delimiter_words(rest, {.keep_unset = true});
  if (words.size() != 1) return std::nullopt;
  const std::vector<std::string> quoted =
      delimiter_words(rest, {.keep_quotes = true, .keep_unset = true});
  if (quoted.size() != 1) return std::nullopt;
  heredoc.expand = count_quotes(words[0]) == count_quotes(quoted[0]);
  heredoc.name = std::move(words[0]);
  return heredoc;
}

std::optional<Heredoc> try_parse_heredoc_word(std::string_view word) {
  try {
    return parse_heredoc_word(word);
  } catch (const base::UsageError&) {
    return std::nullopt;
  }
}

std::vector<Heredoc> find_heredocs(std::string_view line) {
  std::vector<std::string> words;
  try {
    words = delimiter_words(line, {.keep_quotes = true, .keep_escapes = true, .keep_unset = true});
  } catch (const base::UsageError&) {
    return {};  // open quotes: the shell will say so, if it minds
  }
  std::vector<Heredoc> heredocs;
  for (const std::string& word : words) {
    std::optional<Heredoc> heredoc = parse_heredoc_word(word);
    if (heredoc) heredocs.push_back(*std::move(heredoc));
  }
  return heredocs;
}

std::string without_leading_tabs(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  bool at_line_start = true;
  for (const char c : text) {
    if (at_line_start && c == '\t') continue;
    result += c;
    at_line_start = c == '\n';
  }
  return result;
}

}  // namespace ibuild::parser
