// SandboxError of sandbox/sandbox.h, and sandbox/fail.h.
#include <cerrno>

#include "sandbox/fail.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

SandboxError::SandboxError(std::string phase, std::string message)
    : base::Error("sandbox: " + phase + ": " + message),
      phase_(std::move(phase)),
      detail_(std::move(message)) {}

void fail_with_errno(std::string_view phase, std::string_view call, std::string_view path) {
  const base::SystemError cause(errno, call, path);
  SandboxError error(std::string(phase), cause.what());
  error.set_hint(cause.hint());
  throw error;
}

}  // namespace ibuild::sandbox
