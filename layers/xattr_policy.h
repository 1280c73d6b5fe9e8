#pragma once

#include <string_view>

#include "base/owner_record.h"

namespace ibuild::layers {

/// Extended attributes that go into layers made here: file capabilities alone, as BuildKit has it.
inline bool is_stored_xattr(std::string_view name) { return name == "security.capability"; }

/// Extended attributes that are taken over from somebody else's layer. Never those that overlayfs
/// reads its marks from, nor ours: a layer must not be able to redirect a path.
inline bool is_applied_xattr(std::string_view name) {
  return name == "security.capability" ||
         (name.starts_with("user.") && !name.starts_with("user.overlay.") &&
          name != base::kOwnerXattr);
}

}  // namespace ibuild::layers
