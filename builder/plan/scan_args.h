#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "builder/plan/stage_state.h"

namespace ibuild::builder {

/// ARGs that say what has an SBOM beside the image: they steer the build and do not reach a step's
/// environment. See: BuildKit's docs/attestations/sbom.md.
namespace scan_arg {
inline constexpr std::string_view kStage = "BUILDKIT_SBOM_SCAN_STAGE";
inline constexpr std::string_view kContext = "BUILDKIT_SBOM_SCAN_CONTEXT";
}  // namespace scan_arg

bool is_scan_arg(std::string_view name);

/// Lets such an ARG take effect on a stage: a truth value, or the names of the stages that it is
/// for, parted by commas. Requires: is_scan_arg(name).
void apply_scan_arg(std::string_view name, const std::string& value, StageState& state);

}  // namespace ibuild::builder
