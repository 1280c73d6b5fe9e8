#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "builder/attest/attestation_settings.h"
#include "cli/option_parser.h"

namespace ibuild::cli {

/// The options about what a build says of its images.
struct AttestOptions {
  std::vector<std::string> attests;
  std::string provenance;
  std::string sbom;

  void add_to(OptionParser& parser);
  /// What else is said beside the options.
  struct Surroundings {
    const std::string& metadata_file;
    /// BUILDKIT_ATTEST_PROVENANCE and BUILDKIT_ATTEST_SBOM among them ask for attestations too.
    const std::map<std::string, std::optional<std::string>>& build_args;
  };
  /// Of each kind the last option counts; the short forms go before --attest, and this before the
  /// build arguments. What metadata tells follows BUILDX_METADATA_PROVENANCE. Throws: UsageError
  /// naming the option.
  builder::AttestationSettings settings(const Surroundings& around) const;
};

}  // namespace ibuild::cli
