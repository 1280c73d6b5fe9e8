#pragma once

#include <string>
#include <string_view>

namespace ibuild::sandbox {

/// Whether somebody around ibuild has put it under a system call filter. See: seccomp(2).
bool is_filtered();

/// Says that a filter is in force here, and how to be let through: in a container, or in the
/// systemd unit that ibuild runs in.
std::string advice_on_filter();

/// The unit of systemd that this process runs in, when that is a service ("ci.service"); else
/// empty.
std::string own_service();

/// The same, from a text as /proc/self/cgroup has it.
std::string service_of(std::string_view cgroups);

}  // namespace ibuild::sandbox
