#pragma once

#include <set>
#include <string_view>

#include "base/digest.h"
#include "image/descriptor.h"
#include "image/manifest.h"
#include "layers/content_store.h"

namespace ibuild::layers {

/// What to do about a manifest or config that is missing or damaged.
enum class Unreadable {
  refuse,  // throw: nobody can tell what the image needs
  skip,    // it names nothing
};

/// Finds out what images are made of.
class ImageContent {
 public:
  /// `content` outlives this.
  ImageContent(const ContentStore& content, Unreadable unreadable)
      : content_(content), unreadable_(unreadable) {}

  /// Adds what a manifest or index names, as far as the store has it. The platforms of an index
  /// that are not there are no part of the image. Throws: ContentError or Error under
  /// Unreadable::refuse.
  void add(const image::Descriptor& document) { add_document(document, 0); }

  /// Manifests, configs and layers.
  const std::set<base::Digest>& blobs() const { return blobs_; }
  /// Of the layers, as far as the configs are there.
  const std::set<base::Digest>& diff_ids() const { return diff_ids_; }

 private:
  void add_document(const image::Descriptor& document, int depth);
  void add_parts(const image::Manifest& manifest);
  template <typename Action>
  void attempt(Action action);

  const ContentStore& content_;
  Unreadable unreadable_;
  std::set<base::Digest> blobs_;
  std::set<base::Digest> diff_ids_;
  // What was read already. Not the same as blobs_: a hostile manifest may call another one its
  // layer.
  std::set<base::Digest> documents_;
  std::set<base::Digest> configs_;
};

/// Whether a config of this media type says what the image's layers are; others belong to
/// artifacts.
bool is_image_config(std::string_view media_type);

}  // namespace ibuild::layers
