#pragma once

#include "builder/build.h"
#include "builder/plan/platform_target.h"
#include "image/config.h"
#include "layers/layer.h"

namespace ibuild::builder {

enum class ImageFormat { oci, docker };
/// Layers of a base that are not to be pushed: with a type as any other (BuildKit's default), or
/// with their own.
enum class ForeignLayers { adopted, kept };
/// Of a layer that was made with rewrite-timestamp=true: the time in seconds since 1970.
inline constexpr const char* kRewrittenTimestampAnnotation = "buildkit/rewritten-timestamp";

/// Pass 6: the bytes of an image out of its values. Pure: equal values give equal bytes.
/// Requires: every layer has its blob descriptor; as many layers as the config has diff-ids.
/// Descriptors of layers keep digest and size; their media types become those of `format`, but for
/// those that `foreign` keeps; their annotations are left out, but for those of eStargz.
/// `annotations` are the manifest's.
BuiltImage assemble_image(const image::ImageConfig& config, layers::LayerChain layers,
                          ImageFormat format, image::Annotations annotations = {},
                          ForeignLayers foreign = ForeignLayers::adopted);

/// The images as one result: a lone one as it is, or the index that lists them and after them what
/// is said of them, annotated. Requires: one image and no attestations for the shape `image`.
BuiltImages assemble_result(std::vector<BuiltImage> images,
                            std::vector<BuiltAttestations> attestations, ResultShape shape,
                            ImageFormat format, image::Annotations annotations = {});

}  // namespace ibuild::builder
