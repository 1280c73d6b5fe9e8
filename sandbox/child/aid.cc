#include "sandbox/child/aid.h"

#include "base/error.h"
#include "sandbox/sandbox.h"
#include "sandbox/wire.h"

namespace ibuild::sandbox {

void ask_supervisor(std::string_view phase, const Channel& line, std::string_view request,
                    std::span<const int> fds) {
  line.send(request, fds);
  const auto answer = line.receive();
  if (!answer) throw SandboxError(std::string(phase), "the step's supervisor died");
  WireReader in(answer->bytes);
  const std::string failure = in.text();
  if (failure.empty()) return;
  SandboxError error(std::string(phase), failure);
  if (const std::string hint = in.text(); !hint.empty()) error.set_hint(hint);
  throw error;
}

}  // namespace ibuild::sandbox
