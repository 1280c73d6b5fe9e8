#pragma once

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
  /// Of each kind the last option counts; the short forms go before --attest. What metadata tells
  /// follows BUILDX_METADATA_PROVENANCE. Throws: UsageError naming the option.
  builder::AttestationSettings settings(const std::string& metadata_file) const;
};

}  // namespace ibuild::cli
