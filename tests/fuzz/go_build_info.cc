// Any bytes as a program: none, or texts that are no larger than it.
#include "builder/sbom/go_build_info.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace ibuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto info = builder::read_go_build_info([&](std::uint64_t offset) {
    return std::make_unique<base::StringSource>(
        text.substr(std::min<std::uint64_t>(offset, text.size())));
  });
  if (info && (info->version.size() > size || info->modules.size() > size)) std::abort();
  return 0;
}
