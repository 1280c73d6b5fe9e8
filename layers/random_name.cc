#include "layers/random_name.h"

#include <sys/random.h>

#include <array>

#include "base/error.h"

namespace ibuild::layers {

std::string random_name() {
  std::array<unsigned char, 12> bytes{};
  // Reads of up to 256 bytes are never cut short, see getrandom(2).
  if (::getrandom(bytes.data(), bytes.size(), 0) < 0) {
    throw base::SystemError("get random bytes", "");
  }
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string name;
  for (const unsigned char byte : bytes) {
    name += kHexDigits[byte >> 4];
    name += kHexDigits[byte & 15];
  }
  return name;
}

}  // namespace ibuild::layers
