#pragma once

#include <stop_token>
#include <string>

#include "builder/attest/attestation.h"
#include "builder/build.h"
#include "builder/sbom/package.h"
#include "layers/layer.h"

namespace ibuild::builder {

/// The packages of an image, as an SPDX document with `name` as its name; what could not be read is
/// in `list` as well. Blocks. Throws: CancelledError, and what reading the store throws.
struct ImageSbom {
  Attestation attestation;
  PackageList list;
};
ImageSbom make_image_sbom(const layers::LayerChain& layers, const std::string& name,
                          const std::string& tool, const Services& services, std::stop_token stop);

}  // namespace ibuild::builder
