#pragma once

#include <string_view>

namespace ibuild::sandbox {

/// Moves this process into a new user namespace with the same ids, as its root, and a new mount
/// namespace. Takes rights over all that the namespaces entered so far own.
/// Requires: one thread; a /proc of this process' pid namespace. Throws: SandboxError{phase}.
void enter_inner_user_namespace(std::string_view phase);

}  // namespace ibuild::sandbox
