#pragma once

#include <string>
#include <vector>

#include "tests/e2e/support/machine.h"

namespace ibuild::e2e {

/// Whether Podman makes containers here for `who`: as root, or as an ordinary user with ranges.
/// Fails the test when IBUILD_TESTS_MUST_RUN names "podman" and it does not.
[[nodiscard]] bool can_run_podman(Who who);

/// Runs a program in a container of the machine's user that has Podman's defaults and `options`,
/// but no network, and the file system that run_in_container gives. Requires: can_run_podman().
Output run_in_podman(Machine& machine, const std::vector<std::string>& options,
                     const std::vector<std::string>& argv,
                     const std::vector<std::string>& env = {});

}  // namespace ibuild::e2e
