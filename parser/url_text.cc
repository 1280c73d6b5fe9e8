#include "parser/url_text.h"

#include <algorithm>

#include "base/text.h"

namespace ibuild::parser {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The part of `text` behind the first `mark`, which is cut off there.
std::string_view cut_behind(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view behind = text.substr(at + 1);
  text = text.substr(0, at);
  return behind;
}

bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Where the "://" behind a scheme is; npos when there is none, though "://" may stand further on.
std::size_t end_of_scheme(std::string_view text) {
  const auto end = text.find("://");
  if (end == std::string_view::npos || end == 0 || !is_ascii_letter(text.front()))
    return std::string_view::npos;
  const std::string_view scheme = text.substr(0, end);
  const bool is_scheme = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return is_ascii_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
  return is_scheme ? end : std::string_view::npos;
}

}  // namespace

UrlParts split_url(std::string_view text) {
  UrlParts parts;
  parts.fragment = cut_behind(text, '#');
  parts.query = cut_behind(text, '?');
  const auto scheme_end = end_of_scheme(text);
  if (scheme_end != std::string_view::npos) {
    parts.scheme = base::to_lower(text.substr(0, scheme_end));
    text.remove_prefix(scheme_end + 3);
    const auto slash = std::min(text.find('/'), text.size());
    parts.authority = text.substr(0, slash);
    text.remove_prefix(slash);
  }
  parts.path = text;
  return parts;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(
    std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string_view part : base::split(query, '&')) {
    if (part.empty()) continue;
    std::string text(part);
    std::replace(text.begin(), text.end(), '+', ' ');
    const auto equals = text.find('=');
    const auto key = percent_decode(std::string_view(text).substr(0, equals));
    const auto value = equals == std::string::npos
                           ? std::string()
                           : percent_decode(std::string_view(text).substr(equals + 1));
    if (!key || !value || part.find(';') != std::string_view::npos) return std::nullopt;
    pairs.emplace_back(*key, *value);
  }
  return pairs;
}

}  // namespace ibuild::parser
