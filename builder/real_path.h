#pragma once

#include <string>

#include "base/fs_at.h"

namespace ibuild::builder {

/// The absolute host path of an open directory, for programs that are told paths. Throws:
/// base::SystemError.
std::string real_path(const base::DirFd& dir);

}  // namespace ibuild::builder
