#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "registry/http/http_message.h"

namespace ibuild::registry {

/// "bytes=0-499"; without an end: to the last byte. `end` is the byte after the last.
std::string range_field(std::uint64_t begin, std::optional<std::uint64_t> end);

/// What a 206 answer holds. See: RFC 9110 section 14.4.
struct ContentRange {
  std::uint64_t begin = 0;
  std::optional<std::uint64_t> end;    // the byte after the last; none: not told
  std::optional<std::uint64_t> total;  // none: "*"
};
/// None for an answer without such a field, or with one that is no range of bytes.
std::optional<ContentRange> parse_content_range(const HttpHeaders& headers);

}  // namespace ibuild::registry
