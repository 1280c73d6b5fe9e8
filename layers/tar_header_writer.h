#pragma once

#include <string>

#include "layers/layer_entry.h"

namespace ibuild::layers {

/// The name an entry has in a tar: relative, directories end in '/', "./" is the root, whiteouts
/// are `.wh.NAME`.
std::string tar_name(const LayerEntry& entry);

/// Appends the header blocks of one entry to `out`: the pax extended header where one is needed,
/// and the ustar header. The form is chosen as Go's archive/tar does for FormatPAX.
/// Throws: ContentError when the extended header gets too large.
void append_tar_header(const LayerEntry& entry, std::string& out);

}  // namespace ibuild::layers
