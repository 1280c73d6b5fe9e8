#include "registry/http/http_message.h"

#include <algorithm>

#include "base/text.h"

namespace ibuild::registry {

namespace {

/// RFC 9110 5.6.2
bool is_token_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_value_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= ' ' && byte != 0x7f) || c == '\t';
}

/// The next line without its end; `text` loses it.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// "HTTP/1.1 200 OK"
bool parse_status_line(std::string_view line, HttpHead& head) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return false;
  if (line[7] < '0' || line[7] > '9') return false;
  head.minor_version = line[7] - '0';
  const auto status = base::parse_u64(line.substr(9, 3));
  if (!status || *status < 100 || *status > 599) return false;
  if (line.size() > 12 && line[12] != ' ') return false;
  head.status = static_cast<int>(*status);
  head.reason = std::string(base::trim(line.substr(12)));
  return true;
}

}  // namespace

void HttpHeaders::set(std::string_view name, std::string value) {
  erase(name);
  add(std::string(name), std::move(value));
}

void HttpHeaders::erase(std::string_view name) {
  std::erase_if(fields_, [&](const auto& field) { return base::iequals(field.first, name); });
}

std::optional<std::string> HttpHeaders::find(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (base::iequals(key, name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string> HttpHeaders::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : fields_) {
    if (base::iequals(key, name)) values.push_back(value);
  }
  return values;
}

std::optional<HttpHead> parse_http_head(std::string_view text) {
  HttpHead head;
  if (!parse_status_line(take_line(text), head)) return std::nullopt;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = base::trim(line.substr(colon + 1));
    if (!std::all_of(name.begin(), name.end(), is_token_byte) ||
        !std::all_of(value.begin(), value.end(), is_value_byte)) {
      return std::nullopt;
    }
    head.headers.add(std::string(name), std::string(value));
  }
  return head;
}

bool is_field_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_byte);
}

bool is_field_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), is_value_byte);
}

}  // namespace ibuild::registry
