#pragma once

#include <string_view>

namespace ibuild::sandbox {

/// Throws SandboxError{phase} with "<call> <path>: <text of errno>", and the hint
/// that belongs to it.
/// Requires: errno is still that of the failed `call`.
[[noreturn]] void fail_with_errno(std::string_view phase, std::string_view call,
                                  std::string_view path = {});

}  // namespace ibuild::sandbox
