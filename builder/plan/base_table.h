#pragma once

#include <map>
#include <stop_token>

#include "builder/build.h"
#include "builder/image_source.h"
#include "builder/plan/stage_graph.h"
#include "builder/vertex_numbers.h"

namespace ibuild::builder {

/// The images that a build reads, resolved to digests. Filled once; later passes use no network to
/// find images.
using BaseTable = std::map<ImageRequest, BaseImage>;

/// Asks the sources in their order for every image of `graph` that `table` lacks; several images at
/// once. Each gets a vertex
/// "[internal] load metadata for NAME".
/// Throws: parser::DockerfileError at the instruction that names an image which no source has; what
/// a source throws.
void resolve_bases(const StageGraph& graph, const BuildRequest& request, const Services& services,
                   VertexNumbers& vertices, std::stop_token stop, BaseTable& table);

/// Adds the ONBUILD triggers of resolved images and of base stages to the stages built on them.
/// False when nothing new came, else triggers may need further images.
bool add_onbuild_triggers(StageGraph& graph, const BaseTable& table);

}  // namespace ibuild::builder
