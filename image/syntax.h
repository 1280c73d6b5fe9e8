#pragma once

#include <string_view>

namespace ibuild::image {

/// "type/subtype" of RFC 6838, section 4.2.
bool is_media_type(std::string_view text);

/// "algorithm:encoded" of any algorithm (image-spec/descriptor.md, "Digests"); the registered ones
/// must have the right number of lower-case hex digits.
bool is_digest_syntax(std::string_view text);

}  // namespace ibuild::image
