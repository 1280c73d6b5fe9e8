// The $ forms of ShellLexer.
// See: POSIX XCU 2.6.2 (parameter expansion), of which BuildKit reads a part and adds ${v/p/r}.
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/shell_lexer.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

bool is_special_parameter(char32_t c) {
  return c < 0x80 &&
         std::string_view("@*#?-$!0").find(static_cast<char>(c)) != std::string_view::npos;
}

}  // namespace

std::string ShellLexer::lex_dollar() {
  rest_.remove_prefix(1);
  if (take_if('{')) return lex_braces();
  const std::string name = lex_name();
  if (name.empty()) return "$";
  std::optional<std::string> value = look_up(name, false);
  if (!value && options_.keep_unset) return "$" + name;
  return std::move(value).value_or("");
}

std::string ShellLexer::lex_braces() {
  if (at_end()) throw base::UsageError("syntax error: missing '}'");
  if (std::string_view("{}:").find(rest_.front()) != std::string_view::npos) {
    throw base::UsageError("syntax error: bad substitution");
  }
  const std::string name = lex_name();
  if (take_if('}')) {
    std::optional<std::string> value = look_up(name, false);
    if (!value && options_.keep_unset) return "${" + name + "}";
    return std::move(value).value_or("");
  }
  if (take_if('/')) return substitute_replacement(name);
  Operator op;
  op.empty_is_unset = take_if(':');
  if (op.empty_is_unset) op.text = ":";
  if (at_end()) throw base::UsageError("syntax error: missing '}'");
  op.kind = rest_.front();
  op.text += take();
  const bool is_known = std::string_view("+-?").find(op.kind) != std::string_view::npos;
  const bool is_strip = op.kind == '#' || op.kind == '%';
  if (!is_known && (!is_strip || op.empty_is_unset)) {
    throw base::UsageError("unsupported modifier '" + base::printable(op.text) +
                           "' in a substitution");
  }
  return substitute(name, op);
}

/// A run of digits, one special parameter, or letters, digits and underscores of any script.
std::string ShellLexer::lex_name() {
  std::string name;
  if (is_digit(peek())) {
    while (is_digit(peek())) name += take();
    return name;
  }
  if (is_special_parameter(peek())) return std::string(take());
  while (is_letter(peek()) || is_digit(peek()) || peek() == '_') name += take();
  return name;
}

/// The text up to `stop`, with its own quotes, escapes and variables. `missing` is what an early
/// end lacks.
std::string ShellLexer::lex_nested(char stop, bool keep_escapes, std::string_view missing) {
  const bool outer = std::exchange(keep_escapes_, keep_escapes);
  Output output = lex_until(stop, missing);
  keep_escapes_ = outer;
  return std::move(output.text);
}

std::string ShellLexer::substitute(const std::string& name, const Operator& op) {
  const bool is_strip = op.kind == '#' || op.kind == '%';
  std::string word = lex_nested('}', is_strip, "'}'");
  return is_strip ? substitute_strip(name, op, std::move(word))
                  : substitute_default(name, op, word);
}

std::string ShellLexer::substitute_default(const std::string& name, const Operator& op,
                                           const std::string& word) {
  std::optional<std::string> value = look_up(name, true);
  if (!value && options_.keep_unset) return "${" + name + op.text + word + "}";
  const bool is_missing = !value || (op.empty_is_unset && value->empty());
  if (op.kind == '+') return is_missing ? "" : word;
  if (!is_missing) return *std::move(value);
  if (op.kind == '-') return word;
  const std::string message = !word.empty() ? word
                              : value       ? "is not allowed to be empty"
                                            : "is not allowed to be unset";
  throw base::UsageError(base::printable(name) + ": " + base::printable(message));
}

std::string ShellLexer::substitute_strip(const std::string& name, const Operator& op,
                                         std::string word) {
  const std::optional<std::string> value = look_up(name, false);
  if (!value && options_.keep_unset) return "${" + name + op.text + word + "}";
  ShellPattern::Extent extent = ShellPattern::Extent::shortest;
  if (!word.empty() && word.front() == op.kind) {
    extent = ShellPattern::Extent::longest;
    word.erase(0, 1);
  }
  return op.kind == '#'
             ? ShellPattern(word).strip_prefix(value.value_or(""), extent, budget_)
             : ShellPattern::of_suffix(word).strip_suffix(value.value_or(""), extent, budget_);
}

/// ${v/p/r}, ${v//p/r}; also ${v/#p/r} and ${v/%p/r} as sh's bigger relatives and Buildah have
/// them.
std::string ShellLexer::substitute_replacement(const std::string& name) {
  ShellPattern::Where where = ShellPattern::Where::first;
  std::string mark;
  if (take_if('/')) {
    where = ShellPattern::Where::all;
    mark = "/";
  } else if (take_if('#')) {
    where = ShellPattern::Where::at_start;
    mark = "#";
  } else if (take_if('%')) {
    where = ShellPattern::Where::at_end;
    mark = "%";
  }
  const std::string pattern = lex_nested('/', true, "'/' in ${}");
  const std::string replacement = lex_nested('}', true, "'}'");
  const std::optional<std::string> value = look_up(name, false);
  if (!value && options_.keep_unset) {
    return "${" + name + "/" + mark + pattern + "/" + replacement + "}";
  }
  return ShellPattern(pattern).replace(value.value_or(""), replacement, where, budget_);
}

std::optional<std::string> ShellLexer::look_up(const std::string& name, bool has_default) {
  std::optional<std::string> value = lookup_ ? lookup_(name) : std::nullopt;
  if (value) {
    budget_.spend(kCostOfByte * value->size());
    result_.used.insert(name);
  } else {
    result_.unset.insert(name);
    if (!has_default) result_.unmatched.insert(name);
  }
  return value;
}

}  // namespace ibuild::parser
