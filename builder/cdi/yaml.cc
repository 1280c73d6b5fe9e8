#include "builder/cdi/yaml.h"

#include <yaml.h>

#include <charconv>
#include <cstdint>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::builder {

namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;

[[noreturn]] void fail(std::size_t line, const std::string& what) {
  throw base::ContentError("line " + std::to_string(line + 1) + ": " + what);
}

/// A scalar without quotes.
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

/// An event, freed at its end.
struct Event : yaml_event_t {
  Event() : yaml_event_t{} {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(this); }

  std::size_t line() const { return start_mark.line; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(data.scalar.value), data.scalar.length};
  }
  bool is_plain() const { return data.scalar.style == YAML_PLAIN_SCALAR_STYLE; }
};

/// Makes values of the events of one document.
class DocumentReader {
 public:
  explicit DocumentReader(std::string_view text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  DocumentReader(const DocumentReader&) = delete;
  DocumentReader& operator=(const DocumentReader&) = delete;
  ~DocumentReader() { yaml_parser_delete(&parser_); }

  json read() {
    expect(YAML_STREAM_START_EVENT);
    Event first;
    next(first);
    if (first.type == YAML_STREAM_END_EVENT) return nullptr;
    json value = read_value(0);
    expect(YAML_DOCUMENT_END_EVENT);
    Event last;
    next(last);
    if (last.type != YAML_STREAM_END_EVENT) fail(last.line(), "a second document");
    return value;
  }

 private:
  void next(Event& event) {
    if (yaml_parser_parse(&parser_, &event) != 0) return;
    const char* problem = parser_.problem != nullptr ? parser_.problem : "no YAML";
    fail(parser_.problem_mark.line, problem);
  }
  void expect(yaml_event_type_t type) {
    Event event;
    next(event);
    if (event.type != type) fail(event.line(), "unexpected content");
  }

  json read_value(int depth) {
    Event event;
    next(event);
    return value_of(event, depth);
  }

  json value_of(const Event& event, int depth) {
    if (depth > kMaxDepth) fail(event.line(), "too deep");
    switch (event.type) {
      case YAML_SCALAR_EVENT:
        refuse(event.line(), event.data.scalar.anchor, event.data.scalar.tag);
        return event.is_plain() ? plain_scalar(event.text()) : json(std::string(event.text()));
      case YAML_SEQUENCE_START_EVENT:
        refuse(event.line(), event.data.sequence_start.anchor, event.data.sequence_start.tag);
        return read_sequence(depth);
      case YAML_MAPPING_START_EVENT:
        refuse(event.line(), event.data.mapping_start.anchor, event.data.mapping_start.tag);
        return read_mapping(depth);
      case YAML_ALIAS_EVENT:
        fail(event.line(), "aliases are not supported here");
      default:
        fail(event.line(), "unexpected content");
    }
  }

  static void refuse(std::size_t line, const unsigned char* anchor, const unsigned char* tag) {
    if (anchor != nullptr) fail(line, "anchors are not supported here");
    if (tag != nullptr) fail(line, "tags are not supported here");
  }

  json read_sequence(int depth) {
    json list = json::array();
    for (;;) {
      Event event;
      next(event);
      if (event.type == YAML_SEQUENCE_END_EVENT) return list;
      list.push_back(value_of(event, depth + 1));
    }
  }

  json read_mapping(int depth) {
    json map = json::object();
    for (;;) {
      Event event;
      next(event);
      if (event.type == YAML_MAPPING_END_EVENT) return map;
      if (event.type != YAML_SCALAR_EVENT) fail(event.line(), "a key is no text");
      refuse(event.line(), event.data.scalar.anchor, event.data.scalar.tag);
      std::string key(event.text());
      if (map.contains(key)) fail(event.line(), "the key " + base::printable(key) + " twice");
      json value = read_value(depth + 1);
      map.emplace(std::move(key), std::move(value));
    }
  }

  yaml_parser_t parser_;
};

}  // namespace

json parse_yaml(std::string_view text) { return DocumentReader(text).read(); }

}  // namespace ibuild::builder
