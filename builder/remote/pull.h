#pragma once

#include <cstddef>
#include <stop_token>

#include "builder/events.h"
#include "builder/image_source.h"
#include "builder/remote/image_loader.h"

namespace ibuild::remote {

struct PullResult {
  image::Descriptor top;     // what the name points to: manifest or index
  builder::BaseImage image;  // for the platform asked for
  std::size_t fetched_blobs = 0;
};

/// Brings an image into the store whole: the newest manifest under `reference`, its config and all
/// layer blobs, side by side; then tags it (unless it was asked for by digest). Throws:
/// RegistryError, ContentError, Error when the registry has no such image, CancelledError.
PullResult pull_image(const ImageLoader& loader, const image::Reference& reference,
                      const image::Platform& platform, builder::VertexId vertex,
                      builder::EventSink& events, std::stop_token stop);

/// Fetches the layer blobs of an image that the store lacks, each from where its layer says. Gives
/// how many. Throws: Error for a layer that nobody can provide.
std::size_t fetch_missing_blobs(const ImageLoader& loader, const builder::BaseImage& image,
                                builder::VertexId vertex, builder::EventSink& events,
                                std::stop_token stop);

}  // namespace ibuild::remote
