#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "image/platform.h"

namespace ibuild::image {

using Annotations = std::map<std::string, std::string>;

/// See: image-spec/descriptor.md.
struct Descriptor {
  std::string media_type;
  base::Digest digest;
  std::uint64_t size_bytes = 0;
  std::vector<std::string> urls;
  Annotations annotations;
  std::string data;  // the content itself, in base64 as it was written; empty: not told
  std::optional<Platform> platform;
  std::string artifact_type;
  bool operator==(const Descriptor&) const = default;
};

/// What names a document of these bytes: type, SHA-256 and size.
Descriptor describe_bytes(std::string_view media_type, std::string_view bytes);

}  // namespace ibuild::image
