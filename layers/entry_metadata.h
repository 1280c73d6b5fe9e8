#pragma once

#include "layers/layer_entry.h"

namespace ibuild::layers {

/// Everything that two entries say of themselves but their times, bytes and extended attributes.
inline bool has_same_metadata(const LayerEntry& a, const LayerEntry& b) {
  return a.type == b.type && a.mode == b.mode && a.uid == b.uid && a.gid == b.gid &&
         a.size_bytes == b.size_bytes && a.device_major == b.device_major &&
         a.device_minor == b.device_minor && a.link_target == b.link_target;
}

}  // namespace ibuild::layers
