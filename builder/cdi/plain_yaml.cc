#include "builder/cdi/plain_yaml.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::builder {

namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;

struct Line {
  std::size_t indent = 0;
  std::string_view text;  // without indentation, comment and blanks at the end
  std::size_t number = 0;
};

[[noreturn]] void fail(std::size_t line, const std::string& what) {
  throw base::ContentError("line " + std::to_string(line) + ": " + what);
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Whether a quote that stands here begins a scalar.
bool may_begin_scalar(std::string_view before) {
  const auto trimmed = base::trim(before);
  return trimmed.empty() ||
         std::string_view(":-[{,").find(trimmed.back()) != std::string_view::npos;
}

/// The place after a quoted scalar that begins at `at`; npos when it does not end.
std::size_t end_of_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return i + 1;
      ++i;  // two of them stand for one
    }
  }
  return std::string_view::npos;
}

std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '"' || c == '\'') && may_begin_scalar(text.substr(0, i))) {
      const std::size_t end = end_of_quoted(text, i);
      if (end == std::string_view::npos) return text;
      i = end - 1;
    } else if (c == '#' && (i == 0 || is_blank(text[i - 1]))) {
      return text.substr(0, i);
    }
  }
  return text;
}

/// A scalar without quotes. Octal numbers as in YAML 1.1, which modes of files are written in.
json plain_scalar(std::string_view text) {
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true" || text == "false") return text == "true";
  const bool is_negative = text.starts_with('-');
  std::string_view digits = text.substr(is_negative ? 1 : 0);
  int radix = 10;
  if (digits.starts_with("0x") || digits.starts_with("0o")) {
    radix = digits[1] == 'x' ? 16 : 8;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits[0] == '0') {
    radix = 8;
  }
  std::int64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, number, radix);
  const bool is_number = read.ec == std::errc() && read.ptr == end && digits[0] != '-';
  if (is_number) return is_negative ? -number : number;
  return std::string(text);
}

/// One line's worth of values: scalars, and what stands in brackets.
class FlowParser {
 public:
  FlowParser(std::string_view text, std::size_t line) : text_(text), line_(line) {}

  json parse_all() {
    json value = parse(Place::alone, 0);
    skip_blanks();
    if (at_ != text_.size()) fail(line_, "unexpected " + base::printable(text_.substr(at_)));
    return value;
  }

 private:
  enum class Place { alone, in_brackets };

  json parse(Place place, int depth) {
    if (depth > kMaxDepth) fail(line_, "too deep");
    skip_blanks();
    if (at_ == text_.size()) return nullptr;
    const char c = text_[at_];
    if (c == '[') return parse_list(depth);
    if (c == '{') return parse_map(depth);
    if (c == '"' || c == '\'') return parse_quoted();
    if (std::string_view("&*!|>%@`").find(c) != std::string_view::npos) {
      fail(line_, std::string("what begins with ") + c + " is not supported here");
    }
    return plain_scalar(take_plain(place));
  }

  json parse_list(int depth) {
    json list = json::array();
    ++at_;
    while (!take_end(']')) {
      list.push_back(parse(Place::in_brackets, depth + 1));
      take_comma(']');
    }
    return list;
  }

  json parse_map(int depth) {
    json map = json::object();
    ++at_;
    while (!take_end('}')) {
      const json key = parse(Place::in_brackets, depth + 1);
      skip_blanks();
      if (at_ == text_.size() || text_[at_] != ':') fail(line_, "a colon is missing");
      ++at_;
      const std::string name = key.is_string() ? key.get<std::string>() : key.dump();
      if (map.contains(name)) fail(line_, "key " + base::printable(name) + " is there twice");
      map[name] = parse(Place::in_brackets, depth + 1);
      take_comma('}');
    }
    return map;
  }

  std::string parse_quoted() {
    const std::size_t end = end_of_quoted(text_, at_);
    if (end == std::string_view::npos) fail(line_, "a quote does not end in its line");
    const std::string_view token = text_.substr(at_, end - at_);
    at_ = end;
    if (token[0] == '"') {
      json value = json::parse(token, nullptr, /*allow_exceptions=*/false);
      if (!value.is_string()) fail(line_, "bad text in quotes: " + base::printable(token));
      return value.get<std::string>();
    }
    std::string text;
    for (std::size_t i = 1; i + 1 < token.size(); ++i) {
      text += token[i];
      if (token[i] == '\'') ++i;
    }
    return text;
  }

  std::string_view take_plain(Place place) {
    const std::size_t begin = at_;
    const auto ends = [&](std::size_t i) {
      const char c = text_[i];
      if (place == Place::alone) return false;
      if (c == ':') return i + 1 == text_.size() || is_blank(text_[i + 1]);
      return c == ',' || c == ']' || c == '}';
    };
    while (at_ < text_.size() && !ends(at_)) ++at_;
    return base::trim(text_.substr(begin, at_ - begin));
  }

  bool take_end(char end) {
    skip_blanks();
    if (at_ == text_.size()) fail(line_, "a bracket does not end in its line");
    if (text_[at_] != end) return false;
    ++at_;
    return true;
  }

  void take_comma(char end) {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == ',') {
      ++at_;
    } else if (at_ == text_.size() || text_[at_] != end) {
      fail(line_, "a comma is missing");
    }
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  std::string_view text_;
  std::size_t line_;
  std::size_t at_ = 0;
};

bool is_sequence_entry(std::string_view text) { return text == "-" || text.starts_with("- "); }

struct Entry {
  std::string key;
  std::string_view value;
};

/// "key: value", "key:"; none for anything else.
std::optional<Entry> split_entry(const Line& line) {
  const std::string_view text = line.text;
  if (text.empty() || text[0] == '[' || text[0] == '{') return std::nullopt;
  const bool is_quoted = text[0] == '"' || text[0] == '\'';
  const std::size_t key_end = is_quoted ? end_of_quoted(text, 0) : 0;
  if (key_end == std::string_view::npos) return std::nullopt;
  for (std::size_t i = key_end; i < text.size(); ++i) {
    if (text[i] != ':' || (i + 1 < text.size() && !is_blank(text[i + 1]))) continue;
    const auto key = base::trim(text.substr(0, i));
    const auto parsed = FlowParser(key, line.number).parse_all();
    return Entry{is_quoted ? parsed.get<std::string>() : std::string(key),
                 base::trim(text.substr(i + 1))};
  }
  return std::nullopt;
}

class BlockParser {
 public:
  explicit BlockParser(std::string_view text) {
    std::size_t number = 0;
    for (const std::string_view line : base::split(text, '\n')) add_line(line, ++number);
  }

  json parse_document() {
    if (lines_.empty()) return nullptr;
    json value = parse_block(lines_[0].indent, 0);
    if (at_ < lines_.size()) fail(lines_[at_].number, "it is not indented as what is around it");
    return value;
  }

 private:
  void add_line(std::string_view line, std::size_t number) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string_view text = base::trim(without_comment(line));
    if (text.empty()) return;
    if (text == "---" && lines_.empty()) return;
    if (text == "---" || text == "...") fail(number, "more than one document is not supported");
    const std::size_t indent = line.find_first_not_of(' ');
    if (line[indent] == '\t') fail(number, "a tab is no indentation");
    lines_.push_back({indent, text, number});
  }

  json parse_block(std::size_t indent, int depth) {
    const Line& line = lines_[at_];
    if (depth > kMaxDepth) fail(line.number, "too deep");
    if (is_sequence_entry(line.text)) return parse_sequence(indent, depth);
    if (split_entry(line)) return parse_mapping(indent, depth);
    ++at_;
    return FlowParser(line.text, line.number).parse_all();
  }

  bool is_at(std::size_t indent) const {
    return at_ < lines_.size() && lines_[at_].indent == indent;
  }

  json parse_sequence(std::size_t indent, int depth) {
    json list = json::array();
    while (is_at(indent) && is_sequence_entry(lines_[at_].text)) {
      Line& line = lines_[at_];
      const std::size_t start = line.text.find_first_not_of(' ', 1);
      if (start == std::string_view::npos) {
        ++at_;
        list.push_back(parse_below(indent + 1, depth));
        continue;
      }
      // What follows the dash is a block of its own, which may go on below it.
      line.indent += start;
      line.text.remove_prefix(start);
      list.push_back(parse_block(line.indent, depth + 1));
    }
    return list;
  }

  json parse_mapping(std::size_t indent, int depth) {
    json map = json::object();
    while (is_at(indent) && !is_sequence_entry(lines_[at_].text)) {
      const Line& line = lines_[at_];
      const auto entry = split_entry(line);
      if (!entry) fail(line.number, "key: value is missing in " + base::printable(line.text));
      if (map.contains(entry->key)) {
        fail(line.number, "key " + base::printable(entry->key) + " is there twice");
      }
      ++at_;
      map[entry->key] = entry->value.empty() ? parse_value_below(indent, depth)
                                             : FlowParser(entry->value, line.number).parse_all();
    }
    return map;
  }

  /// The value of a key that stands in the lines below it: a sequence may be as far left as the
  /// key.
  json parse_value_below(std::size_t indent, int depth) {
    const bool is_list = is_at(indent) && is_sequence_entry(lines_[at_].text);
    return is_list ? parse_block(indent, depth + 1) : parse_below(indent + 1, depth);
  }

  json parse_below(std::size_t least_indent, int depth) {
    if (at_ == lines_.size() || lines_[at_].indent < least_indent) return nullptr;
    return parse_block(lines_[at_].indent, depth + 1);
  }

  std::vector<Line> lines_;
  std::size_t at_ = 0;
};

}  // namespace

json parse_plain_yaml(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && text[start] == '{') {
    json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!value.is_discarded()) return value;
  }
  return BlockParser(text).parse_document();
}

}  // namespace ibuild::builder
