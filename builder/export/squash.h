#pragma once

#include <stop_token>

#include "builder/export/exporter.h"
#include "builder/export/output_attributes.h"

namespace ibuild::builder {

/// The attribute of image-like outputs that --squash stands for.
inline constexpr const char* kSquashAttribute = "squash";

/// Whether an output is to have its layers as one. Throws: base::UsageError.
bool wants_squash(const OutputAttributes& attributes);

/// Whether it is to have other layers than the build: one, some with other times, or eStargz.
/// Throws: base::UsageError.
bool wants_own_layers(const OutputAttributes& attributes);

/// The image with all its layers, the base's too, as one new layer, which holds what the last of
/// them shows. Its history tells the same steps, none of them with a layer, and a last entry for
/// the one layer; under a fixed `clock` no file is later than that. An image of one layer or none
/// stays as it is. Blocks: all files are read.
FinishedImage squash_image(const FinishedImage& image, const layers::Store& store,
                           const base::Clock& clock, std::stop_token stop);

/// The build as an output wants it: with times of its own, squashed, as eStargz, or as it is.
/// Throws: base::UsageError for images that carry an inline cache, whose layers would be gone.
FinishedBuild as_wanted(const FinishedBuild& build, const OutputAttributes& attributes,
                        const Services& services, std::stop_token stop);

}  // namespace ibuild::builder
