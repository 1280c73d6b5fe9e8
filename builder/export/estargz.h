#pragma once

#include <stop_token>

#include "builder/export/exporter.h"
#include "builder/export/output_attributes.h"

namespace ibuild::builder {

/// Whether an output is to have compression=estargz.
bool wants_estargz(const OutputAttributes& attributes);

/// The image with its new layers as eStargz, and with force-compression=true the base's too. That
/// gives them other diff-ids. Blocks. Throws: base::UsageError for an image that carries an inline
/// cache of its layers.
FinishedImage with_estargz(const FinishedImage& image, const OutputAttributes& attributes,
                           const layers::Store& store, std::stop_token stop);

}  // namespace ibuild::builder
