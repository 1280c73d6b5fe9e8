#pragma once

#include <string>

#include "cli/option_parser.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::cli {

/// How much RUN, or the program of `ibuild run`, may use, as it was written.
struct ResourceOptions {
  std::string memory;
  std::string memory_swap;
  std::string cpu_period;
  std::string cpu_quota;
  std::string cpu_shares;
  std::string cpuset_cpus;
  std::string cpuset_mems;
  std::string cgroup_parent;

  void add_to(OptionParser& parser);
  /// Throws: UsageError naming the option.
  sandbox::ResourceLimits limits() const;
};

}  // namespace ibuild::cli
