#pragma once

#include <vector>

#include "sandbox/emulation.h"

namespace ibuild::sandbox {

/// Lets this process and its children run programs that `emulators` are for: in a user namespace of
/// their own, with the same ids, and with a binfmt_misc of their own at /proc/sys/fs/binfmt_misc.
/// All ends with the last of them. Does nothing without emulators.
/// Requires: one thread; a /proc of this process' pid namespace; the right to mount. Takes rights
/// over all that the namespaces entered so far own. Throws: SandboxError.
void enter_emulation(const std::vector<Emulator>& emulators);

}  // namespace ibuild::sandbox
