#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>

#include "builder/events.h"
#include "image/descriptor.h"
#include "image/platform.h"
#include "image/reference.h"
#include "registry/registry_client.h"

namespace ibuild::remote {

struct CopyRequest {
  image::Reference source;                       // with a tag or a digest
  image::Reference destination;                  // without a tag: it can be had by digest only
  std::optional<image::Platform> platform = {};  // this one of an index; none: the whole of it
};

struct CopyResult {
  image::Descriptor copied;  // what stands under the destination now
  std::size_t sent = 0;      // blobs that went over the wire
  std::size_t mounted = 0;
  std::size_t there_already = 0;
};

/// Copies an image, or an index with all it names, from one repository to another, byte for byte
/// and without the store. Bytes that the destination lacks flow from registry to registry; the
/// manifests follow, the top one last. Nothing is asked for twice that stands there already.
/// Throws: RegistryError, ContentError, Error when there is no such platform, CancelledError.
CopyResult copy_image(registry::RegistryClient& client, const CopyRequest& request,
                      builder::VertexId vertex, builder::EventSink& events, std::stop_token stop);

}  // namespace ibuild::remote
