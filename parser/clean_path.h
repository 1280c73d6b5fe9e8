#pragma once

#include <string>
#include <string_view>

namespace ibuild::parser {

/// The shortest form of a slash-separated path, as Go's path.Clean makes it: no double slashes, no
/// "." and no "..", but for those at the start of a relative path. "." for an empty one.
std::string clean_path(std::string_view path);

}  // namespace ibuild::parser
