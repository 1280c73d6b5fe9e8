#include "image/descriptor.h"

namespace ibuild::image {

Descriptor describe_bytes(std::string_view media_type, std::string_view bytes) {
  return {.media_type = std::string(media_type),
          .digest = base::sha256_of(bytes),
          .size_bytes = bytes.size()};
}

}  // namespace ibuild::image
