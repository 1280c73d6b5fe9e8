#include "layers/random_name.h"

#include <sys/random.h>

#include <array>

#include "base/error.h"
#include "base/hex.h"

namespace ibuild::layers {

std::string random_name() {
  std::array<char, 12> bytes{};
  // Reads of up to 256 bytes are never cut short, see getrandom(2).
  if (::getrandom(bytes.data(), bytes.size(), 0) < 0) {
    throw base::SystemError("get random bytes", "");
  }
  return base::to_hex({bytes.data(), bytes.size()});
}

}  // namespace ibuild::layers
