#pragma once

#include "builder/build.h"
#include "builder/remote/early_uploads.h"
#include "builder/remote/image_loader.h"

namespace ibuild::remote {

/// Pushes what a build made.
class RegistryPusher : public builder::ImagePusher {
 public:
  /// `loader` outlives the pusher.
  explicit RegistryPusher(const ImageLoader& loader) : loader_(loader), early_(loader) {}

  /// Each repository gets the blobs once, however many tags of it are named; what a repository has
  /// of the image already is not sent to it.
  void push(const builder::BuiltImages& built, const std::vector<image::Reference>& names,
            builder::VertexId vertex, builder::EventSink& events, std::stop_token stop) override;
  void begin_push(const image::Descriptor& blob,
                  const std::vector<image::Reference>& names) override;
  std::shared_ptr<layers::BlobWatcher> send_while_made(
      const std::vector<image::Reference>& names) override {
    return early_.begin_growing(names);
  }

 private:
  bool was_pushed_before(const image::Reference& reference,
                         const builder::BuiltImages& built) const;

  const ImageLoader& loader_;
  EarlyUploads early_;
};

}  // namespace ibuild::remote
