#pragma once

#include <cstdint>

namespace ibuild::builder {

/// Whose a file is, by number.
struct Owner {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool operator==(const Owner&) const = default;
};

}  // namespace ibuild::builder
