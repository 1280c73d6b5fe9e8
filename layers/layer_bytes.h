#pragma once

#include <memory>
#include <stop_token>

#include "base/stream.h"
#include "base/unique_fd.h"
#include "layers/blob_feed.h"
#include "layers/content_store.h"
#include "layers/layer.h"

namespace ibuild::layers {

/// The uncompressed tar of a layer, read from where its bytes are.
class LayerBytes : public base::ByteSource {
 public:
  /// To be called when all was read and the diff-id was right: what came on the way is kept.
  virtual void keep() {}
};

/// An open tar file.
std::unique_ptr<LayerBytes> open_tar_bytes(base::UniqueFd tar);

/// A blob that is in the store, inflated.
std::unique_ptr<LayerBytes> open_stored_blob(const ContentStore& content,
                                             const image::Descriptor& blob);

/// The layer's blob, inflated: out of the store, else from the provider (then keep() puts it into
/// the store). How it is compressed is told by its bytes: media types are often wrong.
/// Null when the layer has no blob, or it is not in the store and has no provider.
/// Requires: `layer` and `content` outlive the result.
std::unique_ptr<LayerBytes> open_blob_bytes(const ContentStore& content, const Layer& layer,
                                            std::stop_token stop, BlobFeed::Observer observer);

}  // namespace ibuild::layers
