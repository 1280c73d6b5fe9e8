#include "image/json_access.h"

#include <nlohmann/json.hpp>
#include <set>
#include <type_traits>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::image {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Documents of the image-spec nest less than 10 levels; annotations and labels make the number of
// values.
constexpr std::size_t kMaxDocumentBytes = 16 << 20;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxValues = 500'000;

/// Stops a reader at the first limit that is passed.
class Limits {
 public:
  explicit Limits(std::string_view what) : what_(what) {}

  /// A value, whole or at its begin, inside of `depth` others.
  void on_value(std::size_t depth) {
    if (depth > kMaxDepth) refuse("nested more than " + std::to_string(kMaxDepth) + " levels deep");
    if (++values_ > kMaxValues) refuse("too many values");
  }
  void on_object() { keys_.emplace_back(); }
  void on_object_end() { keys_.pop_back(); }
  void on_key(const std::string& key) {
    if (!keys_.back().insert(key).second)
      refuse("the key \"" + base::printable(key) + "\" occurs twice");
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw base::ContentError(what_ + ": " + why);
  }
  std::string what_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  std::size_t values_ = 0;
};

struct NoLimits {
  void on_value(std::size_t /*depth*/) {}
  void on_object() {}
  void on_object_end() {}
  void on_key(const std::string& /*key*/) {}
};

/// Puts a document together from what the library's lexer finds. The library's own parsers go
/// through all members that an object has at each new one: those with a callback when it is an
/// object or a list, that of ordered_json always.
template <typename Json, typename Watch>
class TreeBuilder {
 public:
  using number_integer_t = typename Json::number_integer_t;
  using number_unsigned_t = typename Json::number_unsigned_t;
  using number_float_t = typename Json::number_float_t;

  explicit TreeBuilder(Watch watch) : watch_(std::move(watch)) {}

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(number_integer_t value) { return add(value); }
  bool number_unsigned(number_unsigned_t value) { return add(value); }
  bool number_float(number_float_t value, const std::string& /*text*/) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(typename Json::binary_t& /*value*/) { return false; }  // there is none in text
  bool start_object(std::size_t /*size*/) {
    watch_.on_value(open_.size());
    watch_.on_object();
    open_.push_back(&place(Json::object()));
    return true;
  }
  bool start_array(std::size_t /*size*/) {
    watch_.on_value(open_.size());
    open_.push_back(&place(Json::array()));
    return true;
  }
  bool end_object() {
    watch_.on_object_end();
    return end_array();
  }
  bool end_array() {
    open_.pop_back();
    return true;
  }
  bool key(std::string& name) {
    watch_.on_key(name);
    key_ = std::move(name);
    return true;
  }
  template <typename Exception>
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/, const Exception& error) {
    throw error;
  }

  Json take() { return std::move(root_); }

 private:
  bool add(Json value) {
    watch_.on_value(open_.size());
    place(std::move(value));
    return true;
  }
  Json& place(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_array()) return open_.back()->emplace_back(std::move(value));
    auto& members = open_.back()->template get_ref<typename Json::object_t&>();
    if constexpr (std::is_same_v<Json, ordered_json>) {
      members.emplace_back(std::move(key_), std::move(value));
      return members.back().second;
    } else {
      return members.emplace(std::move(key_), std::move(value)).first->second;
    }
  }

  Watch watch_;
  Json root_;
  std::vector<Json*> open_;  // none gets a member while one inside of it is open
  std::string key_;          // of the next member
};

template <typename Json, typename Watch>
Json read_tree(std::string_view text, Watch watch) {
  TreeBuilder<Json, Watch> builder(std::move(watch));
  Json::sax_parse(text, &builder);
  return builder.take();
}

}  // namespace

ordered_json parse_in_order(std::string_view text) {
  return read_tree<ordered_json>(text, NoLimits{});
}

json parse_untrusted_json(std::string_view text, std::string_view what) {
  if (text.size() > kMaxDocumentBytes) {
    throw base::ContentError(std::string(what) + ": larger than " +
                             std::to_string(kMaxDocumentBytes) + " bytes");
  }
  try {
    return read_tree<json>(text, Limits(what));
  } catch (const json::exception& error) {
    std::string_view words = error.what();  // "[json.exception.parse_error.101] parse error at …"
    if (const auto end = words.find("] "); end != std::string_view::npos) {
      words.remove_prefix(end + 2);
    }
    throw base::ContentError(std::string(what) + ": not valid JSON: " + base::printable(words));
  }
}

std::string dump_json(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
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
