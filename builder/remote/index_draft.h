#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "builder/events.h"
#include "builder/export/annotations.h"
#include "builder/remote/copy_image.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "registry/registry_client.h"

namespace ibuild::remote {

/// An image, or an index whose images are wanted.
struct IndexSource {
  image::Reference reference;  // with a tag or a digest
  /// What is to be said of it beside what the registry tells: platform, annotations, artifact type.
  std::optional<image::Descriptor> told;
};

struct IndexRequest {
  std::vector<IndexSource> sources;
  std::vector<builder::Annotation> annotations;  // of the index and of the descriptors in it
  /// A source that is the only one, and an index, is taken byte for byte, unless annotations change
  /// it. And an image?
  enum class LoneImage { gets_index, stays_as_it_is } lone_image = LoneImage::gets_index;
};

/// An index, or a lone manifest, before anything is written.
struct IndexDraft {
  registry::FetchedManifest top;
  struct Part {
    image::Reference source;  // by digest, where it is now
    image::Descriptor descriptor;
  };
  std::vector<Part> parts;  // what it names, in its order; what is taken as it is, itself
  /// "linux/amd64: sha256:…": entries whose place a later source has taken.
  std::vector<std::string> replaced;
};

/// Reads the sources and puts one index together. Of one digest there is one entry; of one platform
/// as well: that of the later source, and the attestations of the entry that it replaces go too.
/// Throws: RegistryError (a source that is not there); ContentError; base::UsageError for
/// annotations of documents that are not made here.
IndexDraft draft_index(registry::RegistryClient& client, const IndexRequest& request,
                       std::stop_token stop);

/// Copies what the draft names into the repositories of `tags`, as far as they lack it, and writes
/// it under each. Gives the counts of blobs of all together.
CopyResult push_index(registry::RegistryClient& client, const IndexDraft& draft,
                      const std::vector<image::Reference>& tags, builder::VertexId vertex,
                      builder::EventSink& events, std::stop_token stop);

}  // namespace ibuild::remote
