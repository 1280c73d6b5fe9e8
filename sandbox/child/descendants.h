#pragma once

#include <sys/types.h>

#include <vector>

namespace ibuild::sandbox {

/// Children of this process that are left alone, with all below them.
using SparedChildren = std::vector<pid_t>;

/// Sends a signal to all processes below this one, as far as they can be seen at this moment.
void signal_descendants(int signal, const SparedChildren& spared);
/// Ends all processes below this one: they are stopped first, round by round, until none is left
/// that could fork. Requires: this process is a subreaper, so that none escapes by losing its
/// parent.
void kill_descendants(const SparedChildren& spared);
/// And waits for them, until no more can be seen.
void kill_and_reap_descendants(const SparedChildren& spared);
/// The same without exception: when it returns this process has no child any more.
void kill_and_reap_all_descendants();

}  // namespace ibuild::sandbox
