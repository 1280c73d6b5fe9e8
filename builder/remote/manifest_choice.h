#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "image/descriptor.h"
#include "image/manifest.h"
#include "image/platform.h"

namespace ibuild::remote {

/// Gives a manifest, index or config by descriptor; none when it is not to be had here.
using DocumentReader = std::function<std::optional<std::string>(const image::Descriptor&)>;

/// A manifest and what names it.
struct ChosenManifest {
  image::Descriptor descriptor;
  image::Manifest manifest;
};

/// The manifest that serves `platform`, starting from `top`: itself when it is a manifest (whatever
/// its platform), else the best entry of the index, nested indexes included. An entry that names no
/// platform is looked into. None when a document that is needed is not there. Throws: Error that
/// lists what is offered when nothing fits, ContentError for a broken document or indexes nested
/// too deep.
std::optional<ChosenManifest> choose_manifest(const image::Descriptor& top,
                                              const image::Platform& platform,
                                              const DocumentReader& read);

/// An image of an index.
struct PlatformManifest {
  image::Descriptor descriptor;
  image::Platform platform;  // normal form
};

/// The images that `top` holds: those of an index that is not nested too deep, as far as their
/// platforms are to be known here, or `top` itself. Attestations and artifacts are none.
/// Throws: ContentError for a broken document.
std::vector<PlatformManifest> list_manifests(const image::Descriptor& top,
                                             const DocumentReader& read);

/// Deeper nesting of indexes is refused; real images have one level, rarely two.
inline constexpr int kMaxIndexDepth = 4;
/// So many documents are read at most to find one manifest.
inline constexpr int kMaxDocuments = 64;

}  // namespace ibuild::remote
