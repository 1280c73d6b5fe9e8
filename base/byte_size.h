#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ibuild::base {

/// A size in memory as people write it: "64m", "1.5 GiB", "512kb", "1000". Units are powers of 1024
/// (k m g t p), with or without "b" or "ib"; letter case does not count. None for anything else,
/// and for what does not fit.
std::optional<std::uint64_t> parse_byte_size(std::string_view text);

}  // namespace ibuild::base
