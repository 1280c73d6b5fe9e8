#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ibuild::registry {

/// Header fields in order, names compared without case. See: RFC 9110 section 5.
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> fields)
      : fields_(fields) {}

  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  /// Replaces all fields of this name.
  void set(std::string_view name, std::string value);
  void erase(std::string_view name);
  /// The first field of this name.
  std::optional<std::string> find(std::string_view name) const;
  /// The first field of this name, or an empty text.
  std::string get(std::string_view name) const { return find(name).value_or(""); }
  std::vector<std::string> all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Status line and header fields of an answer.
struct HttpHead {
  int status = 0;
  std::string reason;
  int minor_version = 1;  // HTTP/1.<minor>
  HttpHeaders headers;
};

/// Reads the bytes up to the empty line that ends a head, without that line. Lines may end in LF
/// alone. None when it is no HTTP/1 answer: folded lines, names with blanks and control bytes in
/// values are refused.
std::optional<HttpHead> parse_http_head(std::string_view text);

/// Whether `name` can be the name of a header field (RFC 9110 5.6.2).
bool is_field_name(std::string_view name);
/// Whether `value` can be sent in a header field: no CR, LF or NUL.
bool is_field_value(std::string_view value);

}  // namespace ibuild::registry
