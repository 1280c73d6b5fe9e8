#pragma once

#include <map>
#include <optional>
#include <string>

namespace ibuild::builder {

/// How the provenance of a build's images is told. See: slsa.dev/spec/v1.1/provenance; BuildKit's
/// docs/attestations/slsa-provenance.md for the parameters.
struct ProvenanceSettings {
  /// min leaves out what may be private: arguments, labels, ids of secrets, the Dockerfile's text
  /// and the steps.
  enum class Mode { min, max };
  enum class Version { v1, v0_2 };
  Mode mode = Mode::max;
  Version version = Version::v1;
  std::string builder_id;                     // who built, a URI; empty: not told
  bool reproducible = false;                  // what the user claims
  bool inline_only = false;                   // only beside an image that has an index anyway
  std::string file_name = "provenance.json";  // of outputs that are files
};

/// What a build says of its images besides the images.
struct AttestationSettings {
  std::optional<ProvenanceSettings> provenance = {};
  bool sbom = false;  // the packages in them
  /// As BuildResult::provenance, attached to nothing.
  std::optional<ProvenanceSettings> reported = {};
  std::string tool = "ibuild";  // who says so, with its version: "ibuild-1.0"

  bool any() const { return provenance.has_value() || sbom; }
  /// Whether an image gets an index for the attestations' sake. `forced`: inline-only ones count
  /// like the others.
  bool need_index(bool forced) const {
    return sbom || (provenance && (forced || !provenance->inline_only));
  }
};

/// The parameters of `--attest type=provenance`. Throws: base::UsageError that names the parameter.
ProvenanceSettings read_provenance_settings(const std::map<std::string, std::string>& parameters);

}  // namespace ibuild::builder
