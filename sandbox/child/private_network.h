#pragma once

#include "base/child.h"
#include "sandbox/channel.h"

namespace ibuild::sandbox {

/// In the step, in its new network namespace: has the supervisor connect it to the world. Blocks
/// until that is done. Throws: SandboxError with what the supervisor says.
void ask_for_network(const Channel& aid);

/// In the supervisor: starts pasta(1) for the network namespace that came along, with traffic going
/// out alone: no port is forwarded inwards, and the gateway's address leads to the gateway, not to
/// the host's loopback. The network ends with the child. Throws: SandboxError.
/// See: passt(1).
base::Child connect_network(const Frame& request);

/// Connects a new network namespace, and takes it down again. For a probe. Requires: one thread.
/// Throws: SandboxError.
void try_network();

}  // namespace ibuild::sandbox
