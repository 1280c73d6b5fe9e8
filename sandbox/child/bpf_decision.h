#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <map>
#include <vector>

namespace ibuild::sandbox {

/// What a seccomp filter answers to a system call.
enum class Verdict {
  allow,
  refuse,                 // EPERM
  unknown,                // ENOSYS: programs fall back on an older call
  check_clone,            // allowed without new namespaces
  check_personality,      // allowed for the harmless ones
  check_socket,           // allowed for all families but AF_ALG and AF_VSOCK
  ask,                    // whoever listens decides
  ask_if_second_creates,  // by the second argument, flags as of open(2): when a file may be made
  ask_if_third_creates,
  ask_if_first_keeps_capabilities,  // prctl(2) with PR_SET_KEEPCAPS
  ask_if_first_is_our_limit,        // RLIMIT_RTTIME
  ask_if_second_is_our_limit,
};

/// The verdicts of one architecture: of each number here up to the next number here. Must hold 0.
using VerdictRanges = std::map<std::uint32_t, Verdict>;

/// Classic BPF that takes the system call's number from the accumulator and decides by binary
/// search. See: Documentation/userspace-api/seccomp_filter.rst
std::vector<sock_filter> compile_decision(const VerdictRanges& ranges);

}  // namespace ibuild::sandbox
