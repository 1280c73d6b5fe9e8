#pragma once

#include <stop_token>
#include <vector>

#include "base/stream.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "layers/store.h"

namespace ibuild::layers {

/// An image that came out of an archive and is in the store now.
struct ImportedImage {
  std::vector<image::Reference> names;  // empty: the archive gives it none, and it is untagged
  image::Descriptor descriptor;         // manifest or index
};

/// Reads a tar of images, plain or compressed (gzip, zstd, bzip2, xz), into the store and gives
/// them their names there: an OCI layout, what docker save and podman save write, or both in one.
/// Images of an OCI layout stay as they are, digest by digest; those of docker save get an OCI
/// manifest, and layers that were not compressed stay so. All is checked before anything is moved
/// into the store: digests, sizes, that nothing is missing, diff-ids where the archive names layers
/// by path. Foreign layers (with urls) and platforms of an index may be missing, but not all
/// platforms. Blocks. Holds back the removal of garbage meanwhile. Throws: ContentError naming the
/// entry; CancelledError. See: image-spec/image-layout.md; moby's image specification v1.2 for
/// docker save.
std::vector<ImportedImage> import_archive(Store& store, base::ByteSource& in,
                                          std::stop_token stop = {});

}  // namespace ibuild::layers
