#pragma once

namespace ibuild::test {

/// Lets a test program run again as somebody else when the environment has IBUILD_TEST_AS:
///   single     an ordinary user without subordinate ids, in a user namespace with one id
///   ranges     an ordinary user with subordinate ids (a private /etc/subuid grants them)
///   container  root without CAP_SYS_ADMIN, as in an ordinary container
/// Requires: root, one thread. Does not return on the way in: the program is executed anew inside
/// the user namespace.
void enter_rootless_mode(int argc, char** argv);

/// Leaves to the calling process what Docker leaves to root of a container. For passes_in_fork.
/// Requires: root.
void become_root_of_a_container();

}  // namespace ibuild::test
