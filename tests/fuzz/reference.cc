// Any bytes as an image's name and as a platform: what is taken can be written and read again.
#include "image/reference.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "image/platform.h"

using namespace ibuild;

namespace {

void require(bool condition) {
  if (!condition) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto reference = image::parse_reference(text);
    require(image::parse_reference(reference.str()) == reference);
    require(image::parse_reference(reference.familiar()) == reference);
    image::with_default_tag(reference);
  } catch (const base::UsageError&) {
  }
  try {
    const auto platform = image::normalize(image::parse_platform(text));
    require(image::normalize(image::parse_platform(platform.str_with_version())) == platform);
  } catch (const base::UsageError&) {
  }
  return 0;
}
