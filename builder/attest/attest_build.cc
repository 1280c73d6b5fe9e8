#include "builder/attest/attest_build.h"

#include <utility>

#include "builder/attest/image_sources.h"
#include "builder/attest/provenance.h"
#include "builder/sbom/image_sbom.h"
#include "builder/vertex_watch.h"
#include "layers/random_name.h"

namespace ibuild::builder {

namespace {

/// What the packages' document calls the image.
std::string name_of(const FinishedBuild& build) {
  return build.names.empty() ? "image" : build.names.front().familiar();
}

/// What an SBOM is made of.
struct Scan {
  const layers::LayerChain& layers;
  std::string name;  // of the document
  std::string what;  // for people, with a blank before it; empty: the image
};

Attestation list_packages(const AttestedBuild& build, const FinishedBuild& finished,
                          const FinishedImage& image, const Scan& scan, std::stop_token stop) {
  std::string vertex_name = "generating sbom" + scan.what;
  if (finished.images.size() > 1)
    vertex_name = "[" + image.config.platform.str() + "] " + vertex_name;
  VertexWatch watch(build.services.events, build.vertices.next(), vertex_name);
  Attestation said;
  watch.run([&] {
    build.fetch.ensure_indexes(scan.layers, stop);
    auto sbom = make_image_sbom(scan.layers, scan.name, build.request.attestations.tool,
                                build.services, stop);
    watch.note(std::to_string(sbom.list.packages.size()) + " packages");
    for (const auto& gap : sbom.list.gaps)
      build.services.events.emit(
          event::WarningRaised{{"", "not in the SBOM" + scan.what + ": " + gap, "", {}}});
    said = std::move(sbom.attestation);
  });
  return said;
}

/// The image's own comes first: whoever wants one takes that.
void add_sboms(const AttestedBuild& build, const FinishedBuild& finished, std::size_t index,
               FinishedImage& image, std::stop_token stop) {
  image.attestations.push_back(
      list_packages(build, finished, image,
                    {.layers = image.layers, .name = name_of(finished), .what = ""}, stop));
  for (const auto& [name, tip] : build.plan.images[index].scans) {
    const auto layers = tip ? build.results[*tip].chain.layers() : layers::LayerChain{};
    const auto document = "sbom-" + name;
    auto said = list_packages(build, finished, image,
                              {.layers = layers, .name = document, .what = " of " + name}, stop);
    said.file_name = document + ".spdx.json";
    image.attestations.push_back(std::move(said));
  }
}

}  // namespace

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
    if (wanted.sbom) add_sboms(build, finished, i, image, stop);
    if (wanted.provenance) image.attestations.push_back(make_provenance(facts, *wanted.provenance));
    if (wanted.reported) {
      result.provenance[image.config.platform.str()] =
          make_provenance(facts, *wanted.reported).predicate_json;
    }
  }
}

}  // namespace ibuild::builder
