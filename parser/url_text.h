#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ibuild::parser {

/// A URL in its parts, as RFC 3986 has them; none of them is decoded.
struct UrlParts {
  std::string scheme;     // lower case; empty when there is none
  std::string authority;  // user@host:port
  std::string path;
  std::string query;
  std::string fragment;
};

UrlParts split_url(std::string_view text);

/// %41 → A. None when a percent sign has no two hexadecimal digits behind it.
std::optional<std::string> percent_decode(std::string_view text);

/// The pairs of a query, decoded ('+' is a blank); none when one cannot be decoded.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace ibuild::parser
