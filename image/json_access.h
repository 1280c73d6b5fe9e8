#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ibuild::image {

/// Parses a document from outside: strict JSON in UTF-8, of bounded size, depth and number of
/// values, and no key twice in an object (readers differ on which one counts). Throws:
/// base::ContentError beginning with `what`.
nlohmann::json parse_untrusted_json(std::string_view text, std::string_view what);

/// A document that parse_untrusted_json took, with the members of objects in the order written.
nlohmann::ordered_json parse_in_order(std::string_view text);

/// Text of a JSON value without blanks; bytes that are no UTF-8 become U+FFFD.
std::string dump_json(const nlohmann::ordered_json& value);

/// Whether null stands for an absent field (as Go reads it) or is refused (as the JSON schemas have
/// it).
enum class Nulls { absent, refused };

/// A value of a parsed document and its place there ("layers[2].size"). All `as_…` throw
/// base::ContentError with that place when the type is wrong. Requires: the document outlives this.
class JsonValue {
 public:
  JsonValue(const nlohmann::json& value, std::string what, Nulls nulls = Nulls::absent)
      : value_(&value), what_(std::move(what)), nulls_(nulls) {}

  /// A member of an object; none when it is missing.
  std::optional<JsonValue> find(std::string_view key) const;
  /// As find, but null is always taken for absent.
  std::optional<JsonValue> find_or_null(std::string_view key) const;
  /// A member that must be there.
  JsonValue at(std::string_view key) const;

  /// Shorthands for members that may be missing.
  std::string string_or_empty(std::string_view key) const;
  std::vector<std::string> strings_or_empty(std::string_view key) const;
  std::map<std::string, std::string> string_map_or_empty(std::string_view key) const;

  std::string as_string() const;
  bool as_bool() const;
  std::int64_t as_integer() const;
  /// An integer from 0 to 2^63 - 1.
  std::uint64_t as_size() const;
  std::vector<JsonValue> as_list() const;
  std::vector<std::pair<std::string, JsonValue>> as_members() const;
  std::vector<std::string> as_strings() const;
  std::map<std::string, std::string> as_string_map() const;

  [[noreturn]] void fail(std::string_view why) const;

 private:
  JsonValue child(const nlohmann::json& value, const std::string& place) const;
  void expect_object() const;

  const nlohmann::json* value_;
  std::string what_;  // "manifest"
  std::string place_;
  Nulls nulls_;
};

}  // namespace ibuild::image
