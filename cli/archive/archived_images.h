#pragma once

#include <string>
#include <vector>

#include "cli/archive/archive_contents.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "layers/store.h"

namespace ibuild::cli {

/// An image that an archive brought, and the names the archive gives it.
struct ArchivedImage {
  image::Descriptor descriptor;
  std::vector<image::Reference> names;  // none: it has no name
  std::vector<base::Digest> leftovers;  // blobs that came with it and that it does not need
};

/// The images that index.json of an OCI layout lists. All that they name must be in the store: it
/// came with the archive. Throws: ContentError naming what is missing or wrong.
std::vector<ArchivedImage> images_of_layout(const ArchiveContents& contents,
                                            const layers::Store& store);

/// The images that manifest.json of `docker save` lists. Their manifests are made here; layers that
/// are not compressed are compressed, so that the image can be pushed as it is. Throws:
/// ContentError naming what is missing or wrong.
std::vector<ArchivedImage> images_of_docker_save(const ArchiveContents& contents,
                                                 const layers::Store& store);

}  // namespace ibuild::cli
