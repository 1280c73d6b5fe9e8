#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/build.h"
#include "image/descriptor.h"
#include "layers/compression.h"

namespace ibuild::builder {

inline constexpr const char* kAddedCompressionsAttribute = "add-compression";

/// Compressions by name, parted by `+`: the images of an index stand there once more in each of
/// them. `what` begins the message. Throws: base::UsageError.
std::vector<layers::LayerCompression> read_added_compressions(std::string_view text,
                                                              const std::string& what);

/// Whether every layer of an image is packed so. An image without layers is.
bool is_packed(const BuiltImage& image, layers::LayerCompression type);

/// Says by an annotation of its descriptor that all layers of an image are zstd, where they are:
/// what podman and skopeo look for before they take one.
/// See: containers/image, internal/manifest.
void annotate_compression(BuiltImage& image);

/// Puts images that are zstd behind the others: who does not look at annotations takes the first.
void sort_by_compression(std::vector<BuiltImage>& images);

}  // namespace ibuild::builder
