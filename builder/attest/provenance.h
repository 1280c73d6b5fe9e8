#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "builder/attest/attestation.h"
#include "builder/attest/attestation_settings.h"
#include "builder/attest/image_sources.h"
#include "builder/build.h"
#include "builder/plan/build_plan.h"
#include "builder/step_result.h"

namespace ibuild::builder {

/// All that the provenance of one image is told from.
struct ProvenanceFacts {
  const BuildRequest& request;
  const std::vector<const Step*>& steps;   // that the image needed
  const std::vector<StepResult>& results;  // of all of the plan
  const ImageSources& sources;
  /// The time of the image, where it is fixed: what another build could not repeat is left out.
  std::optional<std::chrono::sys_seconds> epoch;
  std::string invocation;  // tells this run of the builder from others
  base::TimePoint started;
  base::TimePoint finished;
};

/// Pure. SLSA provenance in the shape that BuildKit gives it, so that whoever reads BuildKit's
/// reads this; `buildConfig` alone differs: it has the builder's own steps, not LLB.
/// See: slsa.dev/spec/v1.1/provenance, slsa.dev/spec/v0.2/provenance; BuildKit's
/// docs/attestations/slsa-definitions.md.
Attestation make_provenance(const ProvenanceFacts& facts, const ProvenanceSettings& settings);

}  // namespace ibuild::builder
