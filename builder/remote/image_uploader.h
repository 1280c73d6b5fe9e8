#pragma once

#include <atomic>
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

/// A manifest or an index that goes with it.
struct UploadDocument {
  image::Descriptor descriptor;
  std::string_view bytes;
};

/// An image laid out for pushing.
struct UploadImage {
  std::vector<UploadBlob> blobs;
  std::vector<UploadDocument> documents;  // children before parents; the last one gets the name
};

/// Sends images to registries: blobs side by side, then the manifests. A blob that the registry
/// has, or can mount from another of its repositories, is neither sent nor fetched. One per push;
/// not for several threads.
class ImageUploader {
 public:
  /// The references outlive the uploader.
  ImageUploader(const ImageLoader& loader, builder::VertexId vertex, builder::EventSink& events,
                std::stop_token stop)
      : loader_(loader), vertex_(vertex), events_(events), stop_(std::move(stop)) {}

  /// Blobs that `early` has sent, or is sending, are not sent again. It outlives the uploader.
  void take_over(EarlyUploads& early) { early_ = &early; }

  /// Whether documents are looked for before they are sent; in vain where the image is new.
  enum class Documents { ask, send };
  /// Each blob is asked for, even where the name stands for this image already: a registry may have
  /// lost one, and a push is how that is mended. All questions are asked side by side.
  /// Throws: RegistryError, Error for a blob that is nowhere to be had, CancelledError.
  void push(const image::Reference& reference, const UploadImage& image, Documents documents);
  /// One blob alone. Throws: as push.
  void push_blob(const image::Reference& repository, const UploadBlob& blob, std::stop_token stop);

 private:
  /// Whether the registry has a document under this name. Throws: RegistryError when there is no
  /// answer; what else is wrong, sending it will tell.
  bool stands(const image::Reference& reference, const image::Descriptor& document,
              std::stop_token stop);
  /// push_blob; when the registry does not take it, the store's file is looked at. Throws:
  /// DamagedBlob, as push.
  void push_checked_blob(const image::Reference& repository, const UploadBlob& blob,
                         std::stop_token stop);
  void push_document(const image::Reference& reference, const UploadDocument& document);
  std::string mount_source(const image::Reference& repository, const UploadBlob& blob) const;
  void note(std::string text);

  const ImageLoader& loader_;
  builder::VertexId vertex_;
  builder::EventSink& events_;
  std::stop_token stop_;
  EarlyUploads* early_ = nullptr;
  std::atomic<bool> sent_ = false;  // something, in the push that is under way
};

}  // namespace ibuild::remote
