#pragma once

#include <optional>

#include "base/child.h"
#include "sandbox/channel.h"

namespace ibuild::sandbox {

/// In the step, in its new network namespace: has the supervisor connect it to the world. Blocks
/// until that is done. Throws: SandboxError with what the supervisor says.
void ask_for_network(const Channel& aid);

/// In the supervisor: takes the step's request and starts pasta(1) for its network namespace, with
/// traffic going out alone: no port is forwarded inwards, and the gateway's address leads to the
/// gateway, not to the host's loopback. Answers on `aid`. None when it could not be started; the
/// step has been told then. The network ends with the child.
/// See: passt(1).
std::optional<base::Child> connect_network(Frame request, const Channel& aid);

}  // namespace ibuild::sandbox
