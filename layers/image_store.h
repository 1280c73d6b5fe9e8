#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fs_at.h"
#include "image/descriptor.h"
#include "image/manifest.h"
#include "image/reference.h"

namespace ibuild::layers {

/// A name in the store and what it points to.
struct StoredImage {
  /// Full reference "docker.io/library/app:1"; empty for an untagged image. An entry that another
  /// tool wrote has whatever name that tool gave it.
  std::string name;
  /// Manifest or index, without the annotations that hold the name.
  image::Descriptor descriptor;
  bool operator==(const StoredImage&) const = default;
};

/// index.json of the store: which names point to which manifest. Every change takes the store's
/// lock, reads, and replaces the file whole, so that two builds may tag at once; a change that
/// changes nothing writes nothing. Names are kept as annotations `io.containerd.image.name` (full
/// name) and `org.opencontainers.image.ref.name` (full name as well, so that `skopeo …
/// oci:STORE:NAME` finds each image by the name that `ibuild images` shows). Nothing is looked up
/// in blobs/: whoever points a name to something has put it there before. All throw ContentError,
/// naming the file, when index.json is damaged. See: image-spec/image-layout.md "index.json".
class ImageStore {
 public:
  /// `temp_dir` lies on the same file system as `root`.
  ImageStore(const base::DirFd& root, const base::DirFd& temp_dir, const base::DirFd& locks);

  /// Writes an index.json without images when there is none.
  void create_if_missing();
  /// Sorted by name; untagged images last.
  std::vector<StoredImage> list() const;
  /// A reference without tag and digest means ":latest". One with a digest is found by repository
  /// and digest, whatever the tag.
  std::optional<image::Descriptor> find(const image::Reference& reference) const;
  /// Points `name` to `descriptor`; whatever it pointed to before stays as an untagged image only
  /// if nothing else names it. A name with tag and digest is kept by its tag.
  void tag(const image::Reference& name, const image::Descriptor& descriptor);
  /// Keeps an image that has no name. False when it is there already, under a name or none.
  bool add_untagged(const image::Descriptor& descriptor);
  /// Removes what find() finds. False when there was no such name.
  bool untag(const image::Reference& name);
  /// Removes every entry that points to `digest`; gives how many.
  std::size_t remove(const base::Digest& digest);

 private:
  using Entries = std::vector<image::Descriptor>;
  void change(const std::function<void(Entries&)>& edit);
  void write(const image::Index& index) const;

  base::DirFd root_;
  base::DirFd temp_;
  base::DirFd locks_;
};

}  // namespace ibuild::layers
