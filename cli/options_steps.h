#pragma once

#include <string>
#include <vector>

#include "builder/build.h"
#include "cli/option_parser.h"
#include "cli/options_resources.h"
#include "cli/options_security.h"

namespace ibuild::cli {

/// What steps may do and how much they may use, as it was written.
struct StepOptions {
  std::vector<std::string> allow;
  std::vector<std::string> devices;
  std::vector<std::string> cdi_directories;
  std::string timeout;
  ResourceOptions resources;
  SecurityOptions security;

  void add_to(OptionParser& parser);
  /// Throws: UsageError naming the option.
  void put_into(builder::BuildRequest& request) const;
};

}  // namespace ibuild::cli
