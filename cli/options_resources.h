#pragma once

#include <string>
#include <vector>

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
  std::vector<std::string> resources;  // KEY=VALUE each; the last word on what KEY says

  void add_to(OptionParser& parser);
  /// Throws: UsageError naming the option.
  sandbox::ResourceLimits limits() const;

 private:
  /// With `resources` put in the places of the options that say the same.
  ResourceOptions resolved() const;
};

}  // namespace ibuild::cli
