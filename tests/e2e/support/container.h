#pragma once

#include <string>
#include <vector>

#include "tests/e2e/support/machine.h"

namespace ibuild::e2e {

/// A container as Docker's defaults make it: fourteen capabilities, its system call filter, masked
/// paths, no devices but the usual ones. What is changed of that:
struct ContainerKind {
  std::string name;
  unsigned uid = 0;
  bool has_filter = true;
  bool masks_paths = true;
  bool has_fuse = false;  // /dev/fuse
};

/// Whether containers can be made here, by crun. Fails the test when IBUILD_TESTS_MUST_RUN names
/// "container" and they cannot.
[[nodiscard]] bool can_run_containers();

/// Runs a program in a container that sees the programs of this host, read-only, the directory of
/// `machine`, the test programs, and ibuild with the store of the machine. Requires:
/// can_run_containers().
Output run_in_container(Machine& machine, const ContainerKind& kind,
                        const std::vector<std::string>& argv,
                        const std::vector<std::string>& env = {});

}  // namespace ibuild::e2e
