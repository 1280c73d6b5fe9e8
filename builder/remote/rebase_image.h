#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "builder/build.h"
#include "builder/events.h"
#include "builder/remote/copy_image.h"
#include "image/platform.h"
#include "image/reference.h"
#include "registry/registry_client.h"

namespace ibuild::remote {

struct RebaseRequest {
  image::Reference image;                         // with a tag or a digest, as the next two
  image::Reference onto;                          // the new base
  std::optional<image::Reference> old_base = {};  // none: what the image's annotations name
  std::optional<image::Platform> platform = {};   // this one of an index; none: all of it
};

/// A rebased image, or an index of such, before anything is written.
struct RebaseDraft {
  struct Image {
    builder::BuiltImage built;
    std::size_t base_layers = 0;    // so many of its layers are the new base's
    image::Reference old_base;      // by digest
    image::Reference new_base;      // by digest
    std::vector<std::string> kept;  // see image::RebasedConfig
  };
  registry::FetchedManifest top;
  std::vector<Image> images;
  image::Reference source;  // where the images' own layers are
  /// Attestations: what they say is of the images before.
  std::vector<base::Digest> left_out;
};

/// Reads image and bases, and puts the image's own layers onto those of the new base; no layer is
/// read. See image::rebase_config for when and how. Attestations of an index are left out. The
/// manifest says what its base is now (org.opencontainers.image.base.name, .digest), unless it is
/// Docker's, which has no annotations.
/// Throws: base::Error when it is not sure to be safe, or no old base is told; RegistryError;
/// ContentError.
RebaseDraft draft_rebase(registry::RegistryClient& client, const RebaseRequest& request,
                         std::stop_token stop);

/// Brings what the draft names into the repositories of `names` as far as they lack it, and writes
/// it under each; without a tag it can be had by digest only.
CopyResult push_rebase(registry::RegistryClient& client, const RebaseDraft& draft,
                       const std::vector<image::Reference>& names, builder::VertexId vertex,
                       builder::EventSink& events, std::stop_token stop);

}  // namespace ibuild::remote
