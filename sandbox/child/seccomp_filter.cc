// See: https://docs.docker.com/engine/security/seccomp/ and the profile in
// github.com/moby/profiles.
#include "sandbox/child/seccomp_filter.h"

#include <linux/seccomp.h>
#include <seccomp.h>

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "sandbox/child/seccomp_names.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;

/// An architecture as libseccomp counts them: x32 is one of its own there, to the kernel it is
/// x86-64 with a bit set.
std::vector<std::uint32_t> architectures_here() {
  const std::uint32_t native = ::seccomp_arch_native();
  switch (native) {
    case SCMP_ARCH_X86_64:
      return {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32};
    case SCMP_ARCH_AARCH64:
      return {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
    default:
      return {native};
  }
}

/// On 32-bit x86 libseccomp gives a pseudo number for what also goes through socketcall(2) and
/// ipc(2). The direct calls came with Linux 4.3 and 5.1.
std::optional<std::uint32_t> direct_x86_number(std::string_view name) {
  static const std::map<std::string_view, std::uint32_t> kNumbers = {
      {"socket", 359},      {"socketpair", 360},  {"bind", 361},       {"connect", 362},
      {"listen", 363},      {"accept4", 364},     {"getsockopt", 365}, {"setsockopt", 366},
      {"getsockname", 367}, {"getpeername", 368}, {"sendto", 369},     {"sendmsg", 370},
      {"recvfrom", 371},    {"recvmsg", 372},     {"shutdown", 373},   {"semget", 393},
      {"semctl", 394},      {"shmget", 395},      {"shmctl", 396},     {"shmat", 397},
      {"shmdt", 398},       {"msgget", 399},      {"msgsnd", 400},     {"msgrcv", 401},
      {"msgctl", 402},
  };
  const auto found = kNumbers.find(name);
  if (found == kNumbers.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint32_t> system_call_number(std::uint32_t arch, std::string_view name) {
  const int number = ::seccomp_syscall_resolve_name_arch(arch, std::string(name).c_str());
  if (number >= 0) return static_cast<std::uint32_t>(number);
  if (arch == SCMP_ARCH_X86) {
    if (const auto direct = direct_x86_number(name)) return direct;
  }
  if (number != __NR_SCMP_ERROR) return std::nullopt;  // known, but not on this architecture
  for (const YoungSystemCall& young : young_system_calls()) {
    const auto base = static_cast<std::uint32_t>(young.number);
    if (young.name == name) return arch == SCMP_ARCH_X32 ? base | kX32Bit : base;
  }
  return std::nullopt;
}

using Verdicts = std::map<std::uint32_t, Verdict>;

/// `visit(number, call)` for each call that a keeper hears of on an architecture.
template <typename Visit>
void for_each_heard(std::uint32_t arch, KeeperScope scope, const Visit& visit) {
  const auto visit_all = [&](std::span<const OwnerCallName> calls) {
    for (const OwnerCallName& call : calls) {
      const auto number = system_call_number(arch, call.name);
      const bool is_heard = !call.native_alone || arch == ::seccomp_arch_native();
      if (number && is_heard) visit(*number, call);
    }
  };
  visit_all(owner_calls());
  if (scope == KeeperScope::special_files_too) visit_all(special_file_calls());
}

void add_keeper(std::uint32_t arch, KeeperScope scope, Verdicts& verdicts) {
  for_each_heard(arch, scope, [&](std::uint32_t number, const OwnerCallName& call) {
    verdicts[number] = call.verdict;
  });
}

Verdicts verdicts_by_number(std::uint32_t arch) {
  Verdicts verdicts;
  auto set = [&](std::string_view name, Verdict verdict) {
    if (const auto number = system_call_number(arch, name)) verdicts[*number] = verdict;
  };
  for (std::string_view name : always_allowed_system_calls()) set(name, Verdict::allow);
  set("clone", Verdict::check_clone);
  set("personality", Verdict::check_personality);
  set("socket", Verdict::check_socket);
  // Its flags lie in memory where no filter sees them; C libraries fall back on clone.
  set("clone3", Verdict::unknown);
  return verdicts;
}

/// Puts one table of numbers, from `first` on, into ranges: what lies between is refused, what
/// comes after is unknown.
void add_table(VerdictRanges& ranges, std::uint32_t first, const Verdicts& verdicts) {
  Verdict last = Verdict::refuse;
  ranges[first] = last;
  std::uint32_t next = first;
  auto change_at = [&](std::uint32_t number, Verdict verdict) {
    if (verdict != last || number == first) ranges[number] = verdict;
    last = verdict;
  };
  for (const auto& [number, verdict] : verdicts) {
    if (number > next) change_at(next, Verdict::refuse);
    change_at(number, verdict);
    next = number + 1;
  }
  change_at(next, Verdict::unknown);
}

std::uint32_t audit_arch_of(std::uint32_t arch) {
  return arch == SCMP_ARCH_X32 ? static_cast<std::uint32_t>(SCMP_ARCH_X86_64) : arch;
}

std::uint32_t first_number(std::uint32_t arch) { return arch == SCMP_ARCH_X32 ? kX32Bit : 0; }

/// `add(arch, ranges)` for each architecture; x32 shares the ranges of x86-64.
template <typename Add>
std::vector<ArchitectureVerdicts> make_verdicts(const Add& add) {
  std::vector<ArchitectureVerdicts> all;
  for (std::uint32_t arch : architectures_here()) {
    const std::uint32_t audit_arch = audit_arch_of(arch);
    auto entry = all.begin();
    while (entry != all.end() && entry->audit_arch != audit_arch) ++entry;
    if (entry == all.end()) entry = all.insert(all.end(), {audit_arch, {}});
    add(arch, entry->ranges);
  }
  return all;
}

/// All that is not for the keeper is allowed.
void add_keeper_alone(std::uint32_t arch, KeeperScope scope, VerdictRanges& ranges) {
  Verdicts verdicts;
  add_keeper(arch, scope, verdicts);
  ranges[first_number(arch)] = Verdict::allow;
  for (const auto& [number, verdict] : verdicts) {
    ranges[number] = verdict;
    if (!verdicts.contains(number + 1)) ranges[number + 1] = Verdict::allow;
  }
}

}  // namespace

std::vector<ArchitectureVerdicts> default_verdicts() {
  return make_verdicts([](std::uint32_t arch, VerdictRanges& ranges) {
    add_table(ranges, first_number(arch), verdicts_by_number(arch));
  });
}

std::vector<ArchitectureVerdicts> default_verdicts_with_keeper(KeeperScope scope) {
  return make_verdicts([=](std::uint32_t arch, VerdictRanges& ranges) {
    Verdicts verdicts = verdicts_by_number(arch);
    add_keeper(arch, scope, verdicts);
    add_table(ranges, first_number(arch), verdicts);
  });
}

std::vector<ArchitectureVerdicts> keeper_verdicts_alone(KeeperScope scope) {
  return make_verdicts(
      [=](std::uint32_t arch, VerdictRanges& ranges) { add_keeper_alone(arch, scope, ranges); });
}

HeardCalls heard_calls() {
  HeardCalls calls;
  for (std::uint32_t arch : architectures_here()) {
    const bool has_old_calls = arch == SCMP_ARCH_X86 || arch == SCMP_ARCH_ARM;
    const auto add = [&](std::uint32_t number, const OwnerCallName& call) {
      calls[{audit_arch_of(arch), number}] = {call.call, call.is_old && has_old_calls};
    };
    for_each_heard(arch, KeeperScope::special_files_too, add);
  }
  return calls;
}

std::vector<sock_filter> compile_filter(const std::vector<ArchitectureVerdicts>& architectures) {
  std::vector<sock_filter> program;
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  for (const ArchitectureVerdicts& arch : architectures) {
    const std::vector<sock_filter> decision = compile_decision(arch.ranges);
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch.audit_arch, 1, 0));
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(decision.size() + 1)));
    program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    program.insert(program.end(), decision.begin(), decision.end());
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  return program;
}

}  // namespace ibuild::sandbox
