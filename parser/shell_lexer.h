#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "parser/expansion.h"
#include "parser/shell_pattern.h"

namespace ibuild::parser {

/// What a ShellLexer leaves in place. The default removes quotes and escapes and expands
/// everything.
struct LexerOptions {
  char escape = '\\';
  bool keep_quotes = false;
  bool keep_escapes = false;
  bool ignore_quotes = false;  // quotes are ordinary characters (bodies of heredocs)
  bool keep_unset = false;     // variables that are not set stay as they are written
};

struct LexedText {
  std::string text;                 // the whole, in one piece
  std::vector<std::string> words;   // the same, split at unquoted blanks
  std::set<std::string> used;       // names looked up that are set
  std::set<std::string> unset;      // names looked up that are not set
  std::set<std::string> unmatched;  // of these, those with no default or alternative beside them
};

/// One pass over a shell-like text: quotes, escapes, variables. The rules are those of BuildKit's
/// lexer, which is close to sh(1) but not the same; expansion.h lists the forms.
class ShellLexer {
 public:
  /// `text`, `options` and `lookup` must outlive the lexer.
  ShellLexer(std::string_view text, const LexerOptions& options, const VariableLookup& lookup)
      : rest_(text), options_(options), lookup_(lookup), keep_escapes_(options.keep_escapes) {}

  /// Call once. Throws: base::UsageError for open quotes, bad substitutions and ${v:?message}.
  LexedText run();

 private:
  /// Collects the text of one nesting level, and its words. The word that is being made is one for
  /// all levels, as in BuildKit: what stands before ${v:-w} in its word is lost to the words (not
  /// to the text), so that EXPOSE 80${v:-1} means port 1.
  struct Output {
    std::string& word;
    std::string text;
    std::vector<std::string> words;
    bool in_word = false;

    void add_plain(std::string_view characters);
    void add_quoted(std::string_view characters);
    void add_to_word(std::string_view characters);
    void end_word();
  };

  /// An operator of ${name<operator>word}.
  struct Operator {
    std::string text;  // "-", ":+", "#" …
    char kind = 0;
    bool empty_is_unset = false;
  };

  // shell_lexer.cc
  Output lex_until(char stop, std::string_view missing);
  void lex_one(Output& output);
  std::string_view take_plain(char stop);
  void lex_escape(Output& output);
  std::string lex_single_quotes();
  std::string lex_double_quotes();
  std::string lex_double_quoted_escape();
  std::string lex_possible_heredoc();
  char32_t peek() const;
  std::string_view take();
  bool take_if(char c);
  bool at_end() const { return rest_.empty(); }

  // shell_substitution.cc
  std::string lex_dollar();
  std::string lex_braces();
  std::string lex_name();
  std::string lex_nested(char stop, bool keep_escapes, std::string_view missing);
  std::string substitute(const std::string& name, const Operator& op);
  std::string substitute_default(const std::string& name, const Operator& op,
                                 const std::string& word);
  std::string substitute_strip(const std::string& name, const Operator& op, std::string word);
  std::string substitute_replacement(const std::string& name);
  std::optional<std::string> look_up(const std::string& name, bool has_default);

  std::string_view rest_;
  const LexerOptions& options_;
  const VariableLookup& lookup_;
  bool keep_escapes_;
  int depth_ = 0;
  std::string word_;
  LexedText result_;
  WorkBudget budget_;
};

}  // namespace ibuild::parser
