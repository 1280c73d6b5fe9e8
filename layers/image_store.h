#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fs_at.h"
#include "image/descriptor.h"
#include "image/reference.h"

namespace ibuild::layers {

/// A name in the store and what it points to.
struct StoredImage {
  std::string name;             // full reference "docker.io/library/app:1"; empty for an untagged image
  image::Descriptor descriptor;  // manifest or index
};

/// index.json of the store: which names point to which manifest. Every change takes the store's lock, reads, and replaces
/// the file whole, so that two builds may tag at once. Names are kept as annotations
/// `io.containerd.image.name` (full name) and `org.opencontainers.image.ref.name` (full name as well, so that
/// `skopeo … oci:STORE:NAME` finds each image by the name that `ibuild images` shows).
/// See: image-spec/image-layout.md "index.json".
class ImageStore {
 public:
  ImageStore(const base::DirFd& root, const base::DirFd& locks);

  std::vector<StoredImage> list() const;
  std::optional<image::Descriptor> find(const image::Reference& reference) const;
  /// Points `name` to `descriptor`; whatever it pointed to before stays as an untagged image only if nothing else names it.
  void tag(const image::Reference& name, const image::Descriptor& descriptor);
  /// Keeps an image that has no name.
  void add_untagged(const image::Descriptor& descriptor);
  /// False when there was no such name.
  bool untag(const image::Reference& name);
  /// Removes every entry that points to `digest`; gives how many.
  std::size_t remove(const base::Digest& digest);

 private:
  base::DirFd root_;
  base::DirFd locks_;
};

}  // namespace ibuild::layers
