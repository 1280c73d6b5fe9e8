#include "sandbox/child/seccomp_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <iterator>

namespace ibuild::sandbox {
namespace {

constexpr std::uint32_t kAllowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kUnknown = SECCOMP_RET_ERRNO | ENOSYS;

/// Runs a seccomp program as the kernel would; only the instructions that our compiler emits.
std::uint32_t run_filter(const std::vector<sock_filter>& program, const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& op = program[at];
    const auto jump = [&](bool condition) { at += condition ? op.jt : op.jf; };
    switch (op.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        REQUIRE(op.k + 4 <= sizeof data);
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + op.k, 4);
        break;
      case BPF_JMP | BPF_JA:
        at += op.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(accumulator == op.k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump(accumulator >= op.k);
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump((accumulator & op.k) != 0);
        break;
      case BPF_RET | BPF_K:
        return op.k;
      default:
        FAIL("unexpected instruction " << op.code);
    }
  }
  FAIL("ran off the end");
  return 0;
}

std::uint32_t verdict(std::uint32_t arch, std::uint32_t number, std::uint64_t argument = 0) {
  static const auto kProgram = compile_filter(default_verdicts());
  seccomp_data data{};
  data.arch = arch;
  data.nr = static_cast<int>(number);
  data.args[0] = argument;
  return run_filter(kProgram, data);
}

#if defined(__x86_64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_AARCH64;
#endif

std::uint32_t native(long number, std::uint64_t argument = 0) {
  return verdict(kNative, static_cast<std::uint32_t>(number), argument);
}

TEST_CASE("seccomp: ordinary calls are allowed", "[sandbox]") {
  for (long number : {SYS_read, SYS_openat, SYS_execve, SYS_mknodat, SYS_fchownat, SYS_ptrace,
                      SYS_chroot, SYS_setuid, SYS_capset, SYS_prctl, SYS_seccomp, SYS_io_setup,
                      SYS_memfd_create, SYS_statx, SYS_openat2, SYS_rseq, SYS_faccessat2}) {
    CHECK(native(number) == kAllowed);
  }
}

TEST_CASE("seccomp: calls that reach beyond the step are refused", "[sandbox]") {
  for (long number : {SYS_mount,
                      SYS_umount2,
                      SYS_unshare,
                      SYS_setns,
                      SYS_pivot_root,
                      SYS_bpf,
                      SYS_keyctl,
                      SYS_add_key,
                      SYS_request_key,
                      SYS_init_module,
                      SYS_finit_module,
                      SYS_delete_module,
                      SYS_kexec_load,
                      SYS_reboot,
                      SYS_swapon,
                      SYS_settimeofday,
                      SYS_open_by_handle_at,
                      SYS_perf_event_open,
                      SYS_userfaultfd,
                      SYS_fsopen,
                      SYS_fsmount,
                      SYS_move_mount,
                      SYS_open_tree,
                      SYS_mount_setattr,
                      SYS_acct,
                      SYS_quotactl,
                      SYS_syslog,
                      SYS_sethostname,
                      SYS_io_uring_setup,
                      SYS_mbind,
                      SYS_pidfd_getfd,
                      SYS_kcmp}) {
    INFO(number);
    CHECK(native(number) == kRefused);
  }
}

TEST_CASE("seccomp: clone is allowed without new namespaces, clone3 looks absent", "[sandbox]") {
  CHECK(native(SYS_clone, SIGCHLD | CLONE_VM | CLONE_THREAD) == kAllowed);
  for (std::uint64_t flag : {CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC,
                             CLONE_NEWUTS, CLONE_NEWCGROUP}) {
    CHECK(native(SYS_clone, SIGCHLD | flag) == kRefused);
  }
  CHECK(native(SYS_clone3) == kUnknown);
}

TEST_CASE("seccomp: sockets of all families but AF_ALG and AF_VSOCK", "[sandbox]") {
  CHECK(native(SYS_socket, AF_UNIX) == kAllowed);
  CHECK(native(SYS_socket, AF_INET6) == kAllowed);
  CHECK(native(SYS_socket, AF_NETLINK) == kAllowed);
  CHECK(native(SYS_socket, AF_ALG) == kRefused);
  CHECK(native(SYS_socket, AF_NFC) == kAllowed);  // 39, between the two
  CHECK(native(SYS_socket, AF_VSOCK) == kRefused);
  CHECK(native(SYS_socket, AF_VSOCK + 1) == kAllowed);
  // The kernel looks at the low half only.
  CHECK(native(SYS_socket, (std::uint64_t{1} << 32) | AF_ALG) == kRefused);
}

TEST_CASE("seccomp: harmless personalities only", "[sandbox]") {
  for (std::uint64_t value : {0x0UL, 0x8UL, 0x20000UL, 0x20008UL, 0xffffffffUL}) {
    CHECK(native(SYS_personality, value) == kAllowed);
  }
  CHECK(native(SYS_personality, 0x0040000) == kRefused);  // ADDR_NO_RANDOMIZE
}

TEST_CASE("seccomp: calls younger than the profile look absent", "[sandbox]") {
  CHECK(native(451) == kAllowed);  // cachestat, known to libseccomp
  CHECK(native(462) == kAllowed);  // mseal, known to our table only
  CHECK(native(460) == kRefused);  // lsm_set_self_attr
  CHECK(native(466) == kAllowed);  // removexattrat, the last of the profile
  CHECK(native(467) == kUnknown);
  CHECK(native(0x3fffffff) == kUnknown);
  CHECK(native(0xffffffff) == kUnknown);
}

TEST_CASE("seccomp: an architecture that is not ours kills", "[sandbox]") {
  CHECK(verdict(AUDIT_ARCH_S390X, 0) == SECCOMP_RET_KILL_PROCESS);
}

#if defined(__x86_64__)
TEST_CASE("seccomp: the 32-bit calls of x86 have their own numbers", "[sandbox]") {
  CHECK(verdict(AUDIT_ARCH_I386, 21) == kRefused);                // mount
  CHECK(verdict(AUDIT_ARCH_I386, 310) == kRefused);               // unshare
  CHECK(verdict(AUDIT_ARCH_I386, 5) == kAllowed);                 // open
  CHECK(verdict(AUDIT_ARCH_I386, 102) == kAllowed);               // socketcall
  CHECK(verdict(AUDIT_ARCH_I386, 361) == kAllowed);               // bind
  CHECK(verdict(AUDIT_ARCH_I386, 359, AF_ALG) == kRefused);       // socket
  CHECK(verdict(AUDIT_ARCH_I386, 120, CLONE_NEWNS) == kRefused);  // clone
  CHECK(verdict(AUDIT_ARCH_I386, 435) == kUnknown);               // clone3
  CHECK(verdict(AUDIT_ARCH_I386, 403) == kAllowed);               // clock_gettime64
}

TEST_CASE("seccomp: x32 calls are judged like those without the bit", "[sandbox]") {
  constexpr std::uint32_t kX32 = 0x40000000;
  CHECK(verdict(kNative, kX32 | SYS_mount) == kRefused);
  CHECK(verdict(kNative, kX32 | SYS_getpid) == kAllowed);
  CHECK(verdict(kNative, kX32 | 520) == kAllowed);  // execve of x32
  CHECK(verdict(kNative, kX32 | SYS_clone, CLONE_NEWUSER) == kRefused);
  CHECK(verdict(kNative, kX32 | 462) == kAllowed);
  CHECK(verdict(kNative, kX32 | 1000) == kUnknown);
}
#endif

TEST_CASE("seccomp: the program decides as the table says, for every number", "[sandbox]") {
  for (const ArchitectureVerdicts& arch : default_verdicts()) {
    for (const std::uint32_t base : {0U, 0x40000000U}) {
      for (std::uint32_t number = base; number < base + 700; ++number) {
        const Verdict expected = std::prev(arch.ranges.upper_bound(number))->second;
        const std::uint32_t got = verdict(arch.audit_arch, number);
        switch (expected) {
          case Verdict::refuse:
            REQUIRE(got == kRefused);
            break;
          case Verdict::unknown:
            REQUIRE(got == kUnknown);
            break;
          default:  // argument 0 passes all checks
            REQUIRE(got == kAllowed);
        }
      }
    }
  }
}

TEST_CASE("seccomp: jumps over more than 255 instructions are right", "[sandbox]") {
  VerdictRanges ranges;
  for (std::uint32_t number = 0; number < 2000; ++number) {
    ranges[number] = number % 2 == 0 ? Verdict::allow : Verdict::check_personality;
  }
  const auto program = compile_decision(ranges);
  for (std::uint32_t number = 0; number < 2000; number += 37) {
    std::vector<sock_filter> with_load = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    with_load.insert(with_load.end(), program.begin(), program.end());
    seccomp_data data{};
    data.nr = static_cast<int>(number);
    data.args[0] = 1;
    CHECK(run_filter(with_load, data) == (number % 2 == 0 ? kAllowed : kRefused));
  }
}

TEST_CASE("seccomp: what is asked by an argument is asked for that alone", "[sandbox]") {
  constexpr std::uint32_t kAsked = SECCOMP_RET_USER_NOTIF;
  const auto answer = [](Verdict verdict, std::uint64_t first, std::uint64_t second) {
    std::vector<sock_filter> program = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    const auto decision = compile_decision({{0, verdict}});
    program.insert(program.end(), decision.begin(), decision.end());
    seccomp_data data{};
    data.args[0] = first;
    data.args[1] = second;
    return run_filter(program, data);
  };
  CHECK(answer(Verdict::ask, 0, 0) == kAsked);
  CHECK(answer(Verdict::ask_if_first_keeps_capabilities, PR_SET_KEEPCAPS, 0) == kAsked);
  CHECK(answer(Verdict::ask_if_first_keeps_capabilities, PR_SET_NAME, PR_SET_KEEPCAPS) == kAllowed);
  CHECK(answer(Verdict::ask_if_first_is_our_limit, RLIMIT_RTTIME, 0) == kAsked);
  CHECK(answer(Verdict::ask_if_first_is_our_limit, RLIMIT_NOFILE, RLIMIT_RTTIME) == kAllowed);
  CHECK(answer(Verdict::ask_if_second_is_our_limit, 0, RLIMIT_RTTIME) == kAsked);
  CHECK(answer(Verdict::ask_if_second_is_our_limit, RLIMIT_RTTIME, RLIMIT_NOFILE) == kAllowed);
  CHECK(answer(Verdict::ask_if_second_creates, 0, O_CREAT) == kAsked);
  CHECK(answer(Verdict::ask_if_second_creates, O_CREAT, O_RDWR) == kAllowed);
}

TEST_CASE("seccomp: the whole program fits the kernel's limit", "[sandbox]") {
  CHECK(compile_filter(default_verdicts()).size() <= BPF_MAXINSNS);
  constexpr auto kMost = KeeperScope::special_files_too;
  CHECK(compile_filter(default_verdicts_with_keeper(kMost)).size() <= BPF_MAXINSNS);
}

}  // namespace
}  // namespace ibuild::sandbox
