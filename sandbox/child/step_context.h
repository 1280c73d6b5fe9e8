#pragma once

#include <linux/filter.h>

#include <vector>

#include "sandbox/child/keeper/owner_call.h"
#include "sandbox/child/step_cgroup.h"
#include "sandbox/id_map.h"

namespace ibuild::sandbox {

/// What keeps a step in: namespaces and mounts of its own, or all of them but the namespace of
/// processes, or no more than a changed root.
enum class Confinement { namespaces, shared_pids, changed_root };

/// What all steps of one launcher share, found out once.
struct StepContext {
  Confinement confinement = Confinement::namespaces;
  std::vector<sock_filter> filter;  // the default seccomp filter
  /// Owners are recorded: the filters ask a keeper. `insecure_filter` does nothing else.
  bool records_owners = false;
  std::vector<sock_filter> insecure_filter;
  HeardCalls heard;
  IdMap gids;  // of our user namespace
  bool may_set_groups = true;
  OomCounter own_oom{"", ""};  // of the cgroup that we are in
};

}  // namespace ibuild::sandbox
