#include "parser/csv_fields.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::parser {

namespace {

[[noreturn]] void fail(std::string_view line, std::string_view reason) {
  throw base::UsageError(std::string(reason) + " in \"" + base::printable(line) + "\"");
}

/// The rest of a field behind its opening quote, which it takes off `rest` with the closing one.
std::string take_quoted(std::string_view& rest, std::string_view line) {
  std::string field;
  for (;;) {
    const auto quote = rest.find('"');
    if (quote == std::string_view::npos) fail(line, "a quote is not closed");
    field += rest.substr(0, quote);
    rest.remove_prefix(quote + 1);
    if (!rest.starts_with('"')) return field;
    field += '"';
    rest.remove_prefix(1);
  }
}

}  // namespace

std::vector<std::string> split_csv(std::string_view line) {
  std::string_view rest = line;
  if (rest.ends_with('\n')) rest.remove_suffix(rest.ends_with("\r\n") ? 2 : 1);
  if (rest.empty()) throw base::UsageError("no fields are given");
  std::vector<std::string> fields;
  for (;;) {
    std::string field;
    if (rest.starts_with('"')) {
      rest.remove_prefix(1);
      field = take_quoted(rest, line);
      if (!rest.empty() && rest.front() != ',') fail(line, "there is text behind a closing quote");
    } else {
      field = rest.substr(0, rest.find(','));
      if (field.find('"') != std::string::npos) fail(line, "there is a quote inside a field");
      rest.remove_prefix(field.size());
    }
    fields.push_back(std::move(field));
    if (rest.empty()) return fields;
    rest.remove_prefix(1);
  }
}

}  // namespace ibuild::parser
