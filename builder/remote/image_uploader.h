#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "builder/events.h"
#include "builder/remote/early_uploads.h"
#include "builder/remote/image_loader.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "layers/layer.h"

namespace ibuild::remote {

/// A blob that an image to be pushed consists of.
struct UploadBlob {
  image::Descriptor descriptor;
  // Shared with the layer it comes from. Null: the store has the blob, or knows its origin.
  std::shared_ptr<layers::BlobProvider> provider;
};

/// Sends images to registries: blobs side by side, then the manifest. A blob that the registry has,
/// or can mount from another of its repositories, is neither sent nor fetched. One per push; not
/// for several threads.
class ImageUploader {
 public:
  /// The references outlive the uploader.
  ImageUploader(const ImageLoader& loader, builder::VertexId vertex, builder::EventSink& events,
                std::stop_token stop)
      : loader_(loader), vertex_(vertex), events_(events), stop_(std::move(stop)) {}

  /// Blobs that `early` has sent, or is sending, are not sent again. It outlives the uploader.
  void take_over(EarlyUploads& early) { early_ = &early; }

  /// Whether the registry has this very manifest or index under the name, and so what it names as
  /// well. Throws: RegistryError when there is no answer; what else is wrong, the push will tell.
  bool stands_already(const image::Reference& reference, const image::Descriptor& top);
  /// Throws: RegistryError, Error for a blob that is nowhere to be had, CancelledError.
  void push_blobs(const image::Reference& repository, const std::vector<UploadBlob>& blobs);
  /// Requires: what the manifest names is there.
  void push_manifest(const image::Reference& reference, const image::Descriptor& manifest,
                     std::string_view bytes);

  void note(std::string text);

 private:
  void push_blob(const image::Reference& repository, const UploadBlob& blob, std::stop_token stop);
  std::string mount_source(const image::Reference& repository, const UploadBlob& blob) const;

  const ImageLoader& loader_;
  builder::VertexId vertex_;
  builder::EventSink& events_;
  std::stop_token stop_;
  EarlyUploads* early_ = nullptr;
};

}  // namespace ibuild::remote
