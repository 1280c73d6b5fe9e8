#pragma once

#include <cstdint>
#include <string_view>

namespace ibuild::cli {

/// "64m", "1.5g", "65536", "2GiB": powers of 1024. Throws: UsageError naming `option`.
std::uint64_t parse_byte_size(std::string_view option, std::string_view text);

}  // namespace ibuild::cli
