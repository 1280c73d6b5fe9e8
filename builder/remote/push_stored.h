#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "builder/events.h"
#include "builder/remote/image_loader.h"

namespace ibuild::remote {

struct PushRequest {
  image::Descriptor source;                      // manifest or index in the store
  image::Reference destination;                  // with a tag
  std::optional<image::Platform> platform = {};  // only this image of an index
};

struct PushResult {
  image::Descriptor pushed;
  std::vector<std::string> parts;  // of an index that went only in part: the platforms that did
};

/// Pushes an image of the store: a manifest, or an index with all it names. Of an index that the
/// store has in part, what is there: a lone image as it is, several under a new index. What
/// the registry has of it is asked for and not sent. Throws: Error when the store has no image that
/// is meant, what ImageUploader throws.
PushResult push_stored(const ImageLoader& loader, const PushRequest& request,
                       builder::VertexId vertex, builder::EventSink& events, std::stop_token stop);

}  // namespace ibuild::remote
