#pragma once

#include <string>
#include <string_view>

namespace ibuild::test {

/// A static program for Linux on arm64, as small as one can be: writes `text` to standard output
/// and ends with `exit_code`. For tests of emulation that need no arm64 system.
/// Requires: fewer than 65536 bytes of text, a code below 256.
std::string arm64_program(std::string_view text, unsigned exit_code);

}  // namespace ibuild::test
