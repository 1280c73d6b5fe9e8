#pragma once

#include <span>
#include <string_view>

#include "sandbox/channel.h"

namespace ibuild::sandbox {

/// What a step that is being set up asks its supervisor for: the first byte of a request.
namespace aid {
inline constexpr char kNetwork = 'N';  // with a descriptor of its network namespace
inline constexpr char kLimits = 'L';   // followed by encoded ResourceLimits
inline constexpr char kHooks = 'H';    // followed by an encoded HookOrder, with a descriptor of the
                                       // root's mount
inline constexpr char kKeeper = 'O';   // followed by an encoded KeeperStart, with the descriptor
                                       // that the step's filter asks on
}  // namespace aid

/// Asks and waits for the answer. Throws: SandboxError{phase} with what the supervisor says.
void ask_supervisor(std::string_view phase, const Channel& line, std::string_view request,
                    std::span<const int> fds = {});

}  // namespace ibuild::sandbox
