#pragma once

#include <cstdint>
#include <string>

namespace ibuild::test {

/// The least of an ELF file that tells how Go made it: its headers, one segment, and the build
/// info.
struct GoProgram {
  std::string version = "go1.21.3";
  std::string modules = {};  // lines
  bool is_inline = true;     // as since Go 1.18; else with pointers
  bool is_wide = true;       // 64 bits
  bool is_big_endian = false;

  std::string bytes() const;
};

}  // namespace ibuild::test
