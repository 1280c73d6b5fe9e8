#pragma once

#include <optional>

#include "layers/layer_entry.h"
#include "layers/tar_extension.h"
#include "layers/tar_format.h"

namespace ibuild::layers {

/// True when the header's checksum is that of its bytes.
bool has_right_checksum(const TarHeader& header);

/// The size field. Throws ContentError.
std::uint64_t tar_data_size(const TarHeader& header);

/// What a header and the extended headers before it say, cleaned and translated as TarReader
/// promises; of a sparse file the size of what is stored. `tar_offset` is left at 0. Throws
/// ContentError.
LayerEntry make_tar_entry(const TarHeader& header, TarExtension extension, TarKind kind);

/// True for the bookkeeping entries of aufs (".wh..wh.plnk"), which are no part of a layer.
bool is_aufs_bookkeeping(const LayerEntry& entry);

/// Turns a file whose name says whiteout or opaque into an entry of that type.
/// Throws ContentError for a name that cannot be one.
void translate_whiteout(LayerEntry& entry);

}  // namespace ibuild::layers
