#pragma once

#include <string>
#include <vector>

#include "tests/support/fault_proxy.h"

namespace ibuild::test {

/// Bad weather of one kind.
struct NamedFault {
  /// What a client owes to a fault that strikes once.
  enum class Once {
    survives,    // the second attempt goes through
    may_refuse,  // one clear error is as good
  };
  std::string name;
  Once once;
  Fault fault;
};

/// Every kind that the tests know. `elsewhere` is a proxy before the same server: redirects to
/// another host lead there.
std::vector<NamedFault> all_faults(const FaultProxy& elsewhere);

/// Those that a network makes by itself, all of which a client survives.
std::vector<NamedFault> passing_faults(const FaultProxy& elsewhere);

}  // namespace ibuild::test
