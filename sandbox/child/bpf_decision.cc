#include "sandbox/child/bpf_decision.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <iterator>

namespace ibuild::sandbox {

namespace {

using BpfProgram = std::vector<sock_filter>;
using RangeIterator = VerdictRanges::const_iterator;

constexpr sock_filter kAllow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
constexpr sock_filter kAsk = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
constexpr sock_filter kRefuse = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
constexpr sock_filter kUnknown = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);

/// The low half of an argument: what the kernel looks at where the parameter is an int.
sock_filter load_argument(std::uint32_t index) {
  auto offset = static_cast<std::uint32_t>(offsetof(seccomp_data, args));
  offset += index * static_cast<std::uint32_t>(sizeof(seccomp_data::args[0]));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  offset += 4;
#endif
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}

#if defined(__s390x__)
constexpr std::uint32_t kCloneFlagsArgument = 1;
#else
constexpr std::uint32_t kCloneFlagsArgument = 0;
#endif

/// Allows when the first argument is one of `values`; else refuses.
template <std::size_t N>
BpfProgram allow_values(const std::array<std::uint32_t, N>& values) {
  BpfProgram program = {load_argument(0)};
  for (std::size_t i = 0; i < N; ++i) {
    const auto to_allow = static_cast<std::uint8_t>(N - i);  // over the rest and the refusal
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, values[i], to_allow, 0));
  }
  program.push_back(kRefuse);
  program.push_back(kAllow);
  return program;
}

BpfProgram check_clone() {
  constexpr std::uint32_t kNamespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                        CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;
  return {load_argument(kCloneFlagsArgument),
          BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kNamespaces, 0, 1), kRefuse, kAllow};
}

BpfProgram check_socket() {
  return {load_argument(0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_ALG, 1, 0),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_VSOCK, 0, 1), kRefuse, kAllow};
}

BpfProgram ask_if_creating(std::uint32_t flags_argument) {
  constexpr std::uint32_t kCreating = O_CREAT | (O_TMPFILE & ~O_DIRECTORY);
  return {load_argument(flags_argument), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kCreating, 1, 0),
          kAllow, kAsk};
}

BpfProgram ask_if(std::uint32_t argument, std::uint32_t value) {
  return {load_argument(argument), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0), kAllow, kAsk};
}

BpfProgram leaf(Verdict verdict) {
  switch (verdict) {
    case Verdict::allow:
      return {kAllow};
    case Verdict::unknown:
      return {kUnknown};
    case Verdict::check_clone:
      return check_clone();
    case Verdict::check_personality:
      // PER_LINUX, PER_LINUX32, each also with UNAME26; and the question for the present one.
      return allow_values<5>({0x0, 0x8, 0x20000, 0x20008, 0xffffffff});
    case Verdict::check_socket:
      return check_socket();
    case Verdict::ask:
      return {kAsk};
    case Verdict::ask_if_second_creates:
      return ask_if_creating(1);
    case Verdict::ask_if_third_creates:
      return ask_if_creating(2);
    case Verdict::ask_if_first_keeps_capabilities:
      return ask_if(0, PR_SET_KEEPCAPS);
    case Verdict::ask_if_first_is_our_limit:
      return ask_if(0, RLIMIT_RTTIME);
    case Verdict::ask_if_second_is_our_limit:
      return ask_if(1, RLIMIT_RTTIME);
    case Verdict::refuse:
      break;
  }
  return {kRefuse};
}

void append(BpfProgram& program, const BpfProgram& more) {
  program.insert(program.end(), more.begin(), more.end());
}

BpfProgram compile(RangeIterator begin, RangeIterator end) {
  const auto count = std::distance(begin, end);
  if (count == 1) return leaf(begin->second);
  const RangeIterator middle = std::next(begin, count / 2);
  const BpfProgram below = compile(begin, middle);
  BpfProgram program;
  // A conditional jump reaches 255 instructions, an unconditional one any number.
  if (below.size() <= 255) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, middle->first,
                               static_cast<std::uint8_t>(below.size()), 0));
  } else {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, middle->first, 0, 1));
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(below.size())));
  }
  append(program, below);
  append(program, compile(middle, end));
  return program;
}

}  // namespace

std::vector<sock_filter> compile_decision(const VerdictRanges& ranges) {
  return compile(ranges.begin(), ranges.end());
}

}  // namespace ibuild::sandbox
