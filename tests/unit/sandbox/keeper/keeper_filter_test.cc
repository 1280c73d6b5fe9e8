// What the keeper is asked.
#include <fcntl.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <iterator>

#include "sandbox/child/seccomp_filter.h"

namespace ibuild::sandbox {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_AARCH64;
#endif

Verdict verdict(const std::vector<ArchitectureVerdicts>& all, std::uint32_t arch,
                std::uint32_t number) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& entry) { return entry.audit_arch == arch; });
  REQUIRE(found != all.end());
  return std::prev(found->ranges.upper_bound(number))->second;
}

TEST_CASE("keeper filter: calls about owners are asked, all others as without a keeper",
          "[sandbox]") {
  const auto with_keeper = default_verdicts_with_keeper(KeeperScope::special_files_too);
  const auto without = default_verdicts();
  const HeardCalls heard = heard_calls();
  CHECK(heard.size() > 30);
  for (const auto& [key, call] : heard) {
    INFO(key.first << " " << key.second);
    // So that "go on" lets nothing pass that would not pass elsewhere.
    CHECK(verdict(without, key.first, key.second) == Verdict::allow);
  }
  for (const ArchitectureVerdicts& arch : without) {
    for (const std::uint32_t base : {0U, 0x40000000U}) {
      for (std::uint32_t number = base; number < base + 700; ++number) {
        const bool is_heard = heard.contains({arch.audit_arch, number});
        const Verdict now = verdict(with_keeper, arch.audit_arch, number);
        if (is_heard) {
          REQUIRE(now != Verdict::allow);
          REQUIRE(now >= Verdict::ask);
        } else {
          REQUIRE(now == verdict(without, arch.audit_arch, number));
        }
      }
    }
  }
}

TEST_CASE("keeper filter: what programs do most is not asked", "[sandbox]") {
  const auto all = default_verdicts_with_keeper(KeeperScope::owners);
  for (const long number :
       {SYS_read, SYS_write, SYS_mmap, SYS_close, SYS_faccessat, SYS_readlinkat, SYS_unlinkat,
        SYS_execve, SYS_clone, SYS_getdents64, SYS_fchmodat, SYS_utimensat}) {
    CHECK((verdict(all, kNative, static_cast<std::uint32_t>(number)) == Verdict::allow ||
           verdict(all, kNative, static_cast<std::uint32_t>(number)) == Verdict::check_clone));
  }
  CHECK(verdict(all, kNative, SYS_openat) == Verdict::ask_if_third_creates);
  CHECK(verdict(all, kNative, SYS_prctl) == Verdict::ask_if_first_keeps_capabilities);
}

TEST_CASE("keeper filter: changes of modes and times are asked where links have owners",
          "[sandbox]") {
  const auto all = default_verdicts_with_keeper(KeeperScope::special_files_too);
  constexpr int kFchmodat2 = 452;
  for (const int number : {SYS_fchmodat, SYS_utimensat, kFchmodat2}) {
    CHECK(verdict(all, kNative, static_cast<std::uint32_t>(number)) == Verdict::ask);
  }
  CHECK(verdict(all, kNative, SYS_fchmod) == Verdict::allow);
}

#if defined(__x86_64__)
TEST_CASE("keeper filter: the 32-bit calls of x86 are asked, the old ones with narrow ids",
          "[sandbox]") {
  const HeardCalls heard = heard_calls();
  const auto call = [&](std::uint32_t number) { return heard.at({AUDIT_ARCH_I386, number}); };
  CHECK(call(182).call == OwnerCall::chown);
  CHECK(call(182).is_narrow);
  CHECK(call(212).call == OwnerCall::chown);  // chown32
  CHECK_FALSE(call(212).is_narrow);
  CHECK(call(23).call == OwnerCall::set_uid);
  CHECK(call(23).is_narrow);
  CHECK(call(208).call == OwnerCall::set_resuid);  // setresuid32
  CHECK(call(14).call == OwnerCall::mknod);
  CHECK(call(383).call == OwnerCall::statx);
  // The structure of stat differs there.
  CHECK_FALSE(heard.contains({AUDIT_ARCH_I386, 195}));
  CHECK(heard.at({kNative, 0x40000000U | SYS_chown}).call == OwnerCall::chown);
}
#endif

TEST_CASE("keeper filter: a privileged step is asked as well, and refused nothing", "[sandbox]") {
  const auto all = keeper_verdicts_alone(KeeperScope::owners);
  CHECK(verdict(all, kNative, SYS_mount) == Verdict::allow);
  CHECK(verdict(all, kNative, SYS_fchownat) == Verdict::ask);
  CHECK(verdict(all, kNative, SYS_openat) == Verdict::ask_if_third_creates);
}

}  // namespace
}  // namespace ibuild::sandbox
