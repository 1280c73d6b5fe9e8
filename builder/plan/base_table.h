#pragma once

#include <map>
#include <stop_token>

#include "builder/build.h"
#include "builder/image_source.h"
#include "builder/plan/platform_target.h"
#include "builder/vertex_numbers.h"

namespace ibuild::builder {

/// The images that a build reads, resolved to digests. Filled once; later passes use no network to
/// find images.
using BaseTable = std::map<ImageRequest, BaseImage>;

/// What was asked for, under the name that a short one has turned out to mean.
ImageRequest with_found_name(const ImageRequest& request, const BaseImage& found);

/// Asks the sources in their order for every image of the targets that `table` lacks; several
/// images at once. Each gets a vertex "[internal] load metadata for NAME", or "[linux/arm64
/// internal] …" when an index is made.
/// Throws: parser::DockerfileError at the instruction that names an image which no source has; what
/// a source throws.
void resolve_bases(const std::vector<PlatformTarget>& targets, const BuildRequest& request,
                   const Services& services, VertexNumbers& vertices, std::stop_token stop,
                   BaseTable& table);

/// The same, and the ONBUILD triggers that the images bring, which may need further images.
void resolve_all_bases(std::vector<PlatformTarget>& targets, const BuildRequest& request,
                       const Services& services, VertexNumbers& vertices, std::stop_token stop,
                       BaseTable& table);

/// Adds the ONBUILD triggers of resolved images and of base stages to the stages built on them.
/// False when nothing new came, else triggers may need further images.
bool add_onbuild_triggers(StageGraph& graph, const BaseTable& table);

}  // namespace ibuild::builder
