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
  const int error_number = errno;
  throw SandboxError(std::string(phase), base::SystemError(error_number, call, path).what());
}

}  // namespace ibuild::sandbox
