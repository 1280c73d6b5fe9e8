#pragma once

#include "image/descriptor.h"

/// eStargz: gzip layers whose files can be read one by one.
/// See: docs/estargz.md of containerd/stargz-snapshotter.
namespace ibuild::image {

/// Annotations of a layer's descriptor: the digest of its table of contents, and how much it
/// inflates to.
inline constexpr const char* kEstargzToc = "containerd.io/snapshot/stargz/toc.digest";
inline constexpr const char* kEstargzInflatedBytes = "io.containers.estargz.uncompressed-size";

inline bool is_estargz(const Descriptor& layer) { return layer.annotations.contains(kEstargzToc); }

}  // namespace ibuild::image
