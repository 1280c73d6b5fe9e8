#pragma once

#include <span>
#include <string_view>

namespace ibuild::sandbox {

/// System calls that a step may make whatever their arguments: those of Docker's default profile
/// for a container with the default capabilities. Names that an architecture does not have are
/// passed over.
std::span<const std::string_view> always_allowed_system_calls();

/// A system call that is younger than the libseccomp in use.
struct YoungSystemCall {
  std::string_view name;
  int number;  // the same on every architecture
};
std::span<const YoungSystemCall> young_system_calls();

}  // namespace ibuild::sandbox
