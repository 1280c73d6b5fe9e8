#pragma once

namespace ibuild::test {

/// Lets a test program run again as somebody else when the environment has IBUILD_TEST_AS:
///   single     an ordinary user without subordinate ids, in a user namespace with one id
///   ranges     an ordinary user with subordinate ids (a private /etc/subuid grants them)
///   container  root without CAP_SYS_ADMIN, as in an ordinary container
/// and with IBUILD_TEST_PIDS=shared among processes of its own with a /proc that is masked, as
/// container engines do it, so that steps have to share both.
/// Requires: root, one thread. Does not return on the way in: the program is executed anew inside
/// the user namespace.
void enter_rootless_mode(int argc, char** argv);

/// Whether IBUILD_TEST_PIDS says "shared": steps of tests are to share processes with them.
bool wants_shared_pids();

/// Covers a path of /proc, for the calling process and its children alone, so that no other /proc
/// can be mounted in a user namespace. For passes_in_fork. Requires: root.
void mask_proc();

/// Leaves to the calling process what Docker leaves to root of a container. For passes_in_fork.
/// Requires: root.
void become_root_of_a_container();

}  // namespace ibuild::test
