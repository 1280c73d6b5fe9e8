#include "builder/attest/attest_build.h"

#include <utility>

#include "builder/attest/image_sources.h"
#include "builder/attest/provenance.h"
#include "layers/random_name.h"

namespace ibuild::builder {

BuildRun BuildRun::begin() { return {layers::random_name(), base::Clock().now()}; }

void attest(const AttestedBuild& build, FinishedBuild& finished, BuildResult& result,
            std::stop_token stop) {
  const auto& wanted = build.request.attestations;
  if (!wanted.any() && !wanted.reported) return;
  for (std::size_t i = 0; i < finished.images.size(); ++i) {
    auto& image = finished.images[i];
    const auto steps = steps_of(build.plan.images[i], build.plan);
    const auto sources = find_image_sources(steps, build.request, build.services, stop);
    const ProvenanceFacts facts{.request = build.request,
                                .steps = steps,
                                .results = build.results,
                                .sources = sources,
                                .epoch = build.services.clock.fixed(),
                                .invocation = build.run.id,
                                .started = build.run.started,
                                .finished = base::Clock().now()};
    if (wanted.provenance) image.attestations.push_back(make_provenance(facts, *wanted.provenance));
    if (wanted.reported) {
      result.provenance[image.config.platform.str()] =
          make_provenance(facts, *wanted.reported).predicate_json;
    }
  }
}

}  // namespace ibuild::builder
