#pragma once

#include <stop_token>

#include "builder/events.h"
#include "builder/remote/image_loader.h"

namespace ibuild::remote {

struct PushRequest {
  image::Descriptor source;      // manifest or index in the store
  image::Reference destination;  // with a tag
  image::Platform platform;      // which image of an index that the store has only in part
};

struct PushResult {
  image::Descriptor pushed;
  bool whole_index = true;  // false: of an index only the platform's image was there and was pushed
};

/// Pushes an image of the store: a manifest, or an index with all it names.
/// Throws: Error when the store has not all that is needed, what ImageUploader throws.
PushResult push_stored(const ImageLoader& loader, const PushRequest& request,
                       builder::VertexId vertex, builder::EventSink& events, std::stop_token stop);

}  // namespace ibuild::remote
