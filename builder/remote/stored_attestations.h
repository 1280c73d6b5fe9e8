#pragma once

#include <vector>

#include "builder/build.h"
#include "builder/remote/image_loader.h"
#include "image/descriptor.h"

namespace ibuild::remote {

/// What an index says of its images, as far as the store has it whole. Empty for a lone image.
/// Throws: ContentError for a broken document.
std::vector<builder::BuiltAttestations> stored_attestations(const ImageLoader& loader,
                                                            const image::Descriptor& top);

}  // namespace ibuild::remote
