#pragma once

#include <string>

namespace ibuild::sandbox {

/// Whether the system calls are there without which no step runs in namespaces: a kernel may be too
/// old for them, a filter around us may refuse them. Empty when they are; else words that name
/// those that are missing. Each is made once, in a way that does nothing. Requires: CAP_SYS_ADMIN,
/// and that why_calls_end_us() has found none.
std::string why_calls_are_missing();

/// Whether a filter around us ends who makes one of the calls that steps take, as SystemCallFilter=
/// of a systemd unit does. Empty when none does; else words that name them, and what to do. Tried
/// in children, and only under a filter. Requires: one thread, and a pid namespace in which
/// processes can be made. Throws: SystemError.
std::string why_calls_end_us();
/// The same for those of a step in a changed root alone.
std::string why_calls_of_changed_root_end_us();

}  // namespace ibuild::sandbox
