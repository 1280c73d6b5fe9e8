#pragma once

#include <vector>

#include "image/descriptor.h"
#include "layers/store.h"

namespace ibuild::layers {

/// Until this process ends, what `image` is made of is kept as if index.json named it. For one that
/// goes on for long, and may then let go of Store::hold_against_gc(), which it has to hold here.
/// One image for each process.
void note_in_use(const Store& store, const image::Descriptor& image);

/// Of all processes. Throws: ContentError when one cannot be read.
std::vector<image::Descriptor> images_in_use(const Store& store);

}  // namespace ibuild::layers
