#pragma once

#include <string>

#include "builder/image_source.h"
#include "builder/remote/manifest_choice.h"
#include "image/manifest.h"
#include "image/reference.h"

namespace ibuild::remote {

/// A config larger than this is refused; real ones have some kilobytes.
inline constexpr std::uint64_t kMaxConfigBytes = 8 << 20;

/// Throws: base::ContentError when the manifest is that of something else than a container image,
/// or its config claims to be larger than allowed.
void check_has_image_config(const image::Manifest& manifest);

/// A base image out of its documents; its layers have no provider yet. Throws: base::ContentError.
builder::BaseImage make_base_image(const image::Reference& reference, ChosenManifest chosen,
                                   const std::string& config_json);

}  // namespace ibuild::remote
