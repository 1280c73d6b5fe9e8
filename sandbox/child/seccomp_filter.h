#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "sandbox/child/bpf_decision.h"
#include "sandbox/child/keeper/owner_call.h"

namespace ibuild::sandbox {

/// What the default filter answers on each architecture of this machine, by AUDIT_ARCH_… value:
/// Docker's default profile as it is with the 14 default capabilities. Numbers above all that the
/// profile knows are `unknown`.
struct ArchitectureVerdicts {
  std::uint32_t audit_arch;
  VerdictRanges ranges;
};
std::vector<ArchitectureVerdicts> default_verdicts();
/// What is for a keeper: owner_calls(), or special_file_calls() too.
enum class KeeperScope { owners, special_files_too };
/// The same, but these calls are for the keeper.
std::vector<ArchitectureVerdicts> default_verdicts_with_keeper(KeeperScope scope);
/// These calls are for the keeper, all others allowed.
std::vector<ArchitectureVerdicts> keeper_verdicts_alone(KeeperScope scope);
/// What the keeper hears of.
HeardCalls heard_calls();

/// The program for seccomp(2). A call of an architecture that is not listed kills the process.
std::vector<sock_filter> compile_filter(const std::vector<ArchitectureVerdicts>& architectures);

}  // namespace ibuild::sandbox
