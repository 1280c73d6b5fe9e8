#pragma once

#include <string>
#include <vector>

#include "image/descriptor.h"
#include "image/reference.h"
#include "layers/staged_archive.h"

namespace ibuild::layers {

/// What an archive brings, checked, and not in the store yet.
struct ImportPlan {
  struct Image {
    std::vector<image::Reference> names;
    image::Descriptor descriptor;
  };
  std::vector<Image> images;
  std::vector<const StagedArchive::File*>
      blobs;                               // to be moved into the store; pointers into the archive
  std::vector<std::string> new_manifests;  // to be written there
};

/// The images that index.json of an OCI layout names. `content` may have blobs that the archive
/// lacks. Throws: ContentError.
ImportPlan plan_oci_import(const StagedArchive& archive, const StagedArchive::File& index,
                           const ContentStore& content);

/// The images that manifest.json of docker save names. Reads compressed layers through, to check
/// them. Throws: ContentError.
ImportPlan plan_docker_import(const StagedArchive& archive, const StagedArchive::File& manifest);

}  // namespace ibuild::layers
