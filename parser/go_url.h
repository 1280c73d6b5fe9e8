#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ibuild::parser {

/// A URL as Go's net/url reads it and writes it again.
struct GoUrl {
  std::string location;  // all before query and fragment, escaped where it must be
  std::string path;      // decoded
  std::string fragment;  // decoded
  std::vector<std::pair<std::string, std::string>> query;  // without the pairs that are wrong
};

/// None when net/url refuses it. Without "scheme://" all of it is path.
std::optional<GoUrl> read_go_url(std::string_view text);

/// Throws: base::UsageError for a percent sign without two hexadecimal digits behind it, in a URL
/// that net/url refuses. (It looks into no query.)
void check_url_escapes(std::string_view text);

}  // namespace ibuild::parser
