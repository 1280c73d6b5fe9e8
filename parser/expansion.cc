#include "parser/expansion.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/shell_lexer.h"

namespace ibuild::parser {

namespace {

std::string shortened(std::string_view text) {
  constexpr std::size_t kShown = 80;
  if (text.size() <= kShown) return base::printable(text);
  return base::printable(text.substr(0, kShown)) + "…";
}

LexedText lex(std::string_view text, const LexerOptions& options, const VariableLookup& lookup) {
  try {
    return ShellLexer(text, options, lookup).run();
  } catch (base::UsageError& error) {
    error.add_context("cannot expand \"" + shortened(text) + "\"");
    throw;
  }
}

ExpandedWord as_expanded(LexedText&& lexed) {
  return {std::move(lexed.text), std::move(lexed.unmatched), std::move(lexed.used),
          std::move(lexed.unset)};
}

}  // namespace

VariableLookup ExpansionMeter::watch(VariableLookup lookup) {
  return [this, lookup = std::move(lookup)](std::string_view name) {
    auto value = lookup(name);
    const std::size_t size = value ? value->size() : 0;
    if (size > left_) {
      throw base::UsageError("the variables of this file are expanded to more than " +
                             base::human_bytes(kMaxBytes) + " of text");
    }
    left_ -= size;
    return value;
  };
}

ExpandedWord Expander::expand_word(std::string_view word) const {
  return as_expanded(lex(word, {.escape = escape_}, lookup_));
}

std::vector<std::string> Expander::expand_words(std::string_view text) const {
  return lex(text, {.escape = escape_}, lookup_).words;
}

ExpandedWord Expander::expand_heredoc(std::string_view text) const {
  return as_expanded(lex(text, {.escape = '\\', .ignore_quotes = true}, lookup_));
}

std::string Expander::expand_for_display(std::string_view text) const {
  const LexerOptions options{
      .escape = escape_, .keep_quotes = true, .keep_escapes = true, .keep_unset = true};
  try {
    return ShellLexer(text, options, lookup_).run().text;
  } catch (const base::UsageError&) {
    return std::string(text);
  }
}

}  // namespace ibuild::parser
