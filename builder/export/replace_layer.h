#pragma once

#include <cstddef>

#include "builder/export/exporter.h"

namespace ibuild::builder {

/// Gives an image another layer in place of one of its own; one with the same diff-id may have
/// another blob. Throws: base::UsageError for an image that carries an inline cache of its layers.
void replace_layer(FinishedImage& image, std::size_t position, layers::Layer layer);

}  // namespace ibuild::builder
