#pragma once

#include <vector>

#include "base/clock.h"
#include "builder/export/exporter.h"
#include "builder/plan/build_plan.h"
#include "builder/step_result.h"

namespace ibuild::builder {

/// A planned image of `plan` with its layers and times. Pure. A layer's history entry has the time
/// at which its layer was made, an entry without a layer that of the layer before it (the first new
/// one, for those before); the image itself that of its last entry. So the same steps out of the
/// cache give the same bytes.
FinishedImage finish_image(const PlannedImage& image, const BuildPlan& plan,
                           const std::vector<StepResult>& results, const base::Clock& clock);

}  // namespace ibuild::builder
