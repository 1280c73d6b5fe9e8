#pragma once

/// What step_helper does with programs that are to get along with less; argv as of main. Gives the
/// exit code.
///   without <error> <calls> <program> [arguments…]
///       runs a program to which the system calls named in a list with commas answer <error>:
///       ENOSYS as an older kernel, EPERM as a filter that does not know them, or that end it:
///       SIGSYS, as the filter of a systemd unit. "userns" is the making of user namespaces,
///       "setuid" that of set-user-ID files.
int without(int argc, char** argv);
