#pragma once

#include <string>

namespace ibuild::test {

/// What a test needs that a machine may lack. Words of IBUILD_TESTS_MUST_RUN: "root", "userns",
/// "registry", "peers", "container", "yaml", "npm", "apt", "loop". When `available` is false: says
/// so on stderr and gives false, so that the test returns; fails the test instead when
/// IBUILD_TESTS_MUST_RUN names the need.
[[nodiscard]] bool can_run(const std::string& need, bool available, const std::string& why_not);

}  // namespace ibuild::test
