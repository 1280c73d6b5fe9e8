#include "builder/plan/read_stages.h"

namespace ibuild::builder {

parser::StageList read_stages(const parser::Dockerfile& dockerfile, const BuildRequest& request,
                              parser::Diagnostics& diagnostics) {
  auto stages = parser::build_stages(dockerfile, diagnostics);
  if (!request.first_base.empty() && !stages.stages.empty())
    stages.stages.front().from.image = request.first_base;
  return stages;
}

}  // namespace ibuild::builder
