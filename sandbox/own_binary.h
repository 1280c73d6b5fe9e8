#pragma once

#include "base/unique_fd.h"

namespace ibuild::sandbox {

/// This program as a descriptor for execution through which it cannot be written, whatever the
/// rights of who finds it as /proc/<pid>/exe (the family of CVE-2019-5736): a read-only detached
/// mount of the file, or where the kernel refuses that a sealed copy in memory. Throws:
/// SandboxError{"open own binary"}.
base::UniqueFd open_own_binary();

/// The two ways, for tests. read_only_mount_of_own_binary: invalid when the kernel refuses it.
base::UniqueFd read_only_mount_of_own_binary();
base::UniqueFd sealed_copy_of_own_binary();

}  // namespace ibuild::sandbox
