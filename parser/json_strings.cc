// See: RFC 8259. Bytes that are no UTF-8 and lone surrogates become U+FFFD, as in Go's
// encoding/json.
#include "parser/json_strings.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/utf8.h"

namespace ibuild::parser {

namespace {

/// Go's own limit; each level is a few frames of the stack here, so less is enough.
constexpr int kDeepestNesting = 500;
constexpr char32_t kReplacement = 0xfffd;

void append_utf8(std::string& text, char32_t c) {
  const auto byte = [&text](char32_t value) { text += static_cast<char>(value); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xc0 | (c >> 6));
    byte(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    byte(0xe0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3f));
    byte(0x80 | (c & 0x3f));
  } else {
    byte(0xf0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3f));
    byte(0x80 | ((c >> 6) & 0x3f));
    byte(0x80 | (c & 0x3f));
  }
}

bool is_json_digit(char c) { return c >= '0' && c <= '9'; }

class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : rest_(text) {}

  void skip_blanks() {
    while (!rest_.empty() &&
           std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
  }
  bool at_end() const { return rest_.empty(); }
  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::string> string();
  bool skip_value(int depth);

 private:
  bool escape(std::string& result);
  std::optional<char32_t> hex4();
  char32_t unicode_escape(char32_t first);
  bool skip_number();
  bool skip_digits();
  bool skip_word(std::string_view word);
  bool skip_members(char close, int depth);

  std::string_view rest_;
};

std::optional<std::string> JsonScanner::string() {
  if (!take('"')) return std::nullopt;
  std::string result;
  while (!rest_.empty()) {
    const auto c = static_cast<unsigned char>(rest_.front());
    if (take('"')) return base::replace_invalid_utf8(result);
    if (c < 0x20) return std::nullopt;
    rest_.remove_prefix(1);
    if (c != '\\') {
      result += static_cast<char>(c);
    } else if (!escape(result)) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

bool JsonScanner::escape(std::string& result) {
  if (rest_.empty()) return false;
  const char c = rest_.front();
  rest_.remove_prefix(1);
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (const auto at = kLetters.find(c); at != std::string_view::npos) {
    result += kMeanings[at];
    return true;
  }
  if (c != 'u') return false;
  const std::optional<char32_t> first = hex4();
  if (!first) return false;
  append_utf8(result, unicode_escape(*first));
  return true;
}

std::optional<char32_t> JsonScanner::hex4() {
  if (rest_.size() < 4) return std::nullopt;
  char32_t value = 0;
  for (const char c : rest_.substr(0, 4)) {
    const auto at = std::string_view("0123456789abcdefABCDEF").find(c);
    if (at == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<char32_t>(at < 16 ? at : at - 6);
  }
  rest_.remove_prefix(4);
  return value;
}

/// Joins a pair of surrogates; `first` was read already.
char32_t JsonScanner::unicode_escape(char32_t first) {
  if (first < 0xd800 || first > 0xdfff) return first;
  if (first > 0xdbff || !rest_.starts_with("\\u")) return kReplacement;
  const std::string_view before = rest_;
  rest_.remove_prefix(2);
  const std::optional<char32_t> second = hex4();
  if (second && *second >= 0xdc00 && *second <= 0xdfff) {
    return 0x10000 + ((first - 0xd800) << 10) + (*second - 0xdc00);
  }
  rest_ = before;
  return kReplacement;
}

bool JsonScanner::skip_digits() {
  if (rest_.empty() || !is_json_digit(rest_.front())) return false;
  while (!rest_.empty() && is_json_digit(rest_.front())) rest_.remove_prefix(1);
  return true;
}

bool JsonScanner::skip_number() {
  take('-');
  if (!take('0') && !skip_digits()) return false;
  if (take('.') && !skip_digits()) return false;
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    return skip_digits();
  }
  return true;
}

bool JsonScanner::skip_word(std::string_view word) {
  if (!rest_.starts_with(word)) return false;
  rest_.remove_prefix(word.size());
  return true;
}

bool JsonScanner::skip_value(int depth) {
  if (depth > kDeepestNesting) return false;
  if (next_is('"')) return string().has_value();
  if (take('[')) return skip_members(']', depth);
  if (take('{')) return skip_members('}', depth);
  if (skip_word("true") || skip_word("false") || skip_word("null")) return true;
  return skip_number();
}

bool JsonScanner::skip_members(char close, int depth) {
  skip_blanks();
  if (take(close)) return true;
  for (;;) {
    skip_blanks();
    if (close == '}') {
      if (!string()) return false;
      skip_blanks();
      if (!take(':')) return false;
      skip_blanks();
    }
    if (!skip_value(depth + 1)) return false;
    skip_blanks();
    if (take(close)) return true;
    if (!take(',')) return false;
  }
}

/// The elements behind the opening bracket.
std::optional<JsonStrings> scan_elements(JsonScanner& scanner) {
  JsonStrings result;
  scanner.skip_blanks();
  if (scanner.take(']')) return result;
  for (;;) {
    scanner.skip_blanks();
    if (scanner.next_is('"')) {
      std::optional<std::string> element = scanner.string();
      if (!element) return std::nullopt;
      result.strings.push_back(*std::move(element));
    } else {
      if (!scanner.skip_value(1)) return std::nullopt;
      result.has_other_values = true;
    }
    scanner.skip_blanks();
    if (scanner.take(']')) return result;
    if (!scanner.take(',')) return std::nullopt;
  }
}

}  // namespace

std::optional<JsonStrings> parse_json_strings(std::string_view text) {
  JsonScanner scanner(text);
  scanner.skip_blanks();
  if (!scanner.take('[')) return std::nullopt;
  std::optional<JsonStrings> result = scan_elements(scanner);
  scanner.skip_blanks();
  return scanner.at_end() ? result : std::nullopt;
}

std::optional<std::string> find_json_string(std::string_view text, std::string_view key) {
  JsonScanner scanner(text);
  scanner.skip_blanks();
  if (!scanner.take('{')) return std::nullopt;
  std::optional<std::string> found;
  do {
    scanner.skip_blanks();
    const std::optional<std::string> name = scanner.string();
    scanner.skip_blanks();
    if (!name || !scanner.take(':')) return std::nullopt;
    scanner.skip_blanks();
    if (*name == key && scanner.next_is('"')) {
      found = scanner.string();
      if (!found) return std::nullopt;
    } else if (!scanner.skip_value(1)) {
      return std::nullopt;
    }
    scanner.skip_blanks();
  } while (scanner.take(','));
  if (!scanner.take('}')) return std::nullopt;
  scanner.skip_blanks();
  return scanner.at_end() ? found : std::nullopt;
}

}  // namespace ibuild::parser
