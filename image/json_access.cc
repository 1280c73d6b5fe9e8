#include "image/json_access.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::image {

namespace {

using nlohmann::json;

// Documents of the image-spec nest less than 10 levels; annotations and labels make the number of
// values.
constexpr std::size_t kMaxDocumentBytes = 16 << 20;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxValues = 500'000;

/// Reads a document for its limits alone, before anything is made of it. A parser that asks at each
/// value would do for small documents: the library's looks through all members of the object around
/// whenever one ends, for hours where a document has many.
class Limits : public nlohmann::json_sax<json> {
 public:
  explicit Limits(std::string_view what) : what_(what) {}

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }
  bool start_object(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!keys_.back().insert(name).second)
      refuse("the key \"" + base::printable(name) + "\" occurs twice");
    return true;
  }
  /// What is no JSON is told by the one who reads it afterwards.
  bool parse_error(std::size_t, const std::string&, const json::exception&) override {
    return false;
  }

 private:
  bool count() {
    if (keys_.size() > kMaxDepth)
      refuse("nested more than " + std::to_string(kMaxDepth) + " levels deep");
    if (++values_ > kMaxValues) refuse("too many values");
    return true;
  }
  bool open() {
    count();
    keys_.emplace_back();
    return true;
  }
  bool close() {
    keys_.pop_back();
    return true;
  }
  [[noreturn]] void refuse(const std::string& why) const {
    throw base::ContentError(what_ + ": " + why);
  }

  std::string what_;
  std::vector<std::set<std::string>> keys_;  // of what is open; none in arrays
  std::size_t values_ = 0;
};

}  // namespace

json parse_untrusted_json(std::string_view text, std::string_view what) {
  if (text.size() > kMaxDocumentBytes) {
    throw base::ContentError(std::string(what) + ": larger than " +
                             std::to_string(kMaxDocumentBytes) + " bytes");
  }
  Limits limits(what);
  try {
    json::sax_parse(text, &limits);
    return json::parse(text);
  } catch (const json::exception& error) {
    std::string_view words = error.what();  // "[json.exception.parse_error.101] parse error at …"
    if (const auto end = words.find("] "); end != std::string_view::npos) {
      words.remove_prefix(end + 2);
    }
    throw base::ContentError(std::string(what) + ": not valid JSON: " + base::printable(words));
  }
}

std::string dump_json(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  expect_object();
  const auto found = value_->find(key);
  if (found == value_->end()) return std::nullopt;
  JsonValue member =
      child(*found, place_.empty() ? std::string(key) : place_ + "." + std::string(key));
  if (!found->is_null()) return member;
  if (nulls_ == Nulls::refused) member.fail("is null");
  return std::nullopt;
}

std::optional<JsonValue> JsonValue::find_or_null(std::string_view key) const {
  expect_object();
  const auto found = value_->find(key);
  if (found != value_->end() && found->is_null()) return std::nullopt;
  return find(key);
}

JsonValue JsonValue::at(std::string_view key) const {
  if (auto member = find(key)) return *std::move(member);
  fail("the field \"" + std::string(key) + "\" is missing");
}

std::string JsonValue::string_or_empty(std::string_view key) const {
  const auto member = find(key);
  return member ? member->as_string() : std::string();
}

std::vector<std::string> JsonValue::strings_or_empty(std::string_view key) const {
  const auto member = find(key);
  return member ? member->as_strings() : std::vector<std::string>();
}

std::map<std::string, std::string> JsonValue::string_map_or_empty(std::string_view key) const {
  const auto member = find(key);
  return member ? member->as_string_map() : std::map<std::string, std::string>();
}

std::string JsonValue::as_string() const {
  if (!value_->is_string()) fail(std::string("expected a string, got ") + value_->type_name());
  return value_->get<std::string>();
}

bool JsonValue::as_bool() const {
  if (!value_->is_boolean())
    fail(std::string("expected true or false, got ") + value_->type_name());
  return value_->get<bool>();
}

std::int64_t JsonValue::as_integer() const {
  if (!value_->is_number_integer()) {
    fail(std::string("expected an integer, got ") +
         (value_->is_number() ? "a fraction" : value_->type_name()));
  }
  // Numbers from 2^63 on are held unsigned and turn negative here.
  const auto number = value_->get<std::int64_t>();
  if (value_->is_number_unsigned() && number < 0) fail("the number is too large");
  return number;
}

std::uint64_t JsonValue::as_size() const {
  const std::int64_t number = as_integer();
  if (number < 0) fail("is negative");
  return static_cast<std::uint64_t>(number);
}

std::vector<JsonValue> JsonValue::as_list() const {
  if (!value_->is_array()) fail(std::string("expected an array, got ") + value_->type_name());
  std::vector<JsonValue> items;
  items.reserve(value_->size());
  for (const json& item : *value_) {
    items.push_back(child(item, place_ + "[" + std::to_string(items.size()) + "]"));
  }
  return items;
}

std::vector<std::pair<std::string, JsonValue>> JsonValue::as_members() const {
  expect_object();
  std::vector<std::pair<std::string, JsonValue>> members;
  for (const auto& [key, value] : value_->items()) {
    members.emplace_back(key, child(value, place_ + "[\"" + base::printable(key) + "\"]"));
  }
  return members;
}

std::vector<std::string> JsonValue::as_strings() const {
  std::vector<std::string> strings;
  for (const JsonValue& item : as_list()) strings.push_back(item.as_string());
  return strings;
}

std::map<std::string, std::string> JsonValue::as_string_map() const {
  std::map<std::string, std::string> map;
  for (const auto& [key, value] : as_members()) map.emplace(key, value.as_string());
  return map;
}

void JsonValue::fail(std::string_view why) const {
  throw base::ContentError(what_ + ": " + (place_.empty() ? "" : place_ + ": ") + std::string(why));
}

JsonValue JsonValue::child(const json& value, const std::string& place) const {
  JsonValue result(value, what_, nulls_);
  result.place_ = place;
  return result;
}

void JsonValue::expect_object() const {
  if (!value_->is_object()) fail(std::string("expected an object, got ") + value_->type_name());
}

}  // namespace ibuild::image
