#pragma once

#include <string>

namespace ibuild::sandbox {

/// Whether the system calls are there without which no step runs in namespaces: a kernel may be too
/// old for them, a filter around us may refuse them. Empty when they are; else words that name
/// those that are missing. Each is made once, in a way that does nothing. Requires: CAP_SYS_ADMIN.
std::string why_calls_are_missing();

}  // namespace ibuild::sandbox
