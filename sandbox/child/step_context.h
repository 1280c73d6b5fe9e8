#pragma once

#include <linux/filter.h>

#include <vector>

#include "sandbox/id_map.h"

namespace ibuild::sandbox {

/// What all steps of one launcher share, found out once.
struct StepContext {
  std::vector<sock_filter> filter;  // the default seccomp filter
  IdMap gids;                       // of our user namespace
  bool may_set_groups = true;
};

}  // namespace ibuild::sandbox
