#pragma once

namespace ibuild::sandbox {

/// Sends a signal to all processes below this one, as far as they can be seen at this moment.
void signal_descendants(int signal);
/// Ends all processes below this one: they are stopped first, round by round, until none is left
/// that could fork. Requires: this process is a subreaper, so that none escapes by losing its
/// parent.
void kill_descendants();
/// And waits for them.
void kill_and_reap_descendants();

}  // namespace ibuild::sandbox
