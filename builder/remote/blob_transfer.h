#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>

#include "base/stream.h"
#include "builder/events.h"
#include "image/descriptor.h"
#include "layers/content_store.h"
#include "layers/layer.h"

namespace ibuild::remote {

/// Blobs that are on their way at once. Registries throttle above that, and one stream rarely fills
/// a line.
inline constexpr std::size_t kMaxTransfers = 6;

/// Fetches one blob into the store, checked against digest and size, with progress as events.
/// Throws: Error when `provider` is null, ContentError when the bytes are wrong, what the provider
/// throws.
void fetch_into_store(const layers::ContentStore& content, const image::Descriptor& blob,
                      layers::BlobProvider* provider, builder::VertexId vertex,
                      builder::EventSink& events, std::stop_token stop);

/// Reads a blob of the store from its start. Throws: Error when it is not there.
std::unique_ptr<base::ByteSource> open_blob(const layers::ContentStore& content,
                                            const base::Digest& digest);

/// Layers that must stay where their `urls` say (Windows bases); registries take the manifest
/// without them. See: image-spec/layer.md "Non-Distributable Layers".
bool is_nondistributable(const image::Descriptor& blob);

/// How a blob is called in progress and messages: "sha256:0123456789ab".
std::string short_name(const base::Digest& digest);

}  // namespace ibuild::remote
