#include "builder/sbom/image_sbom.h"

#include <utility>

#include "builder/sbom/image_files.h"
#include "builder/sbom/package_scanner.h"
#include "builder/sbom/spdx_document.h"

namespace ibuild::builder {

ImageSbom make_image_sbom(const layers::LayerChain& layers, const std::string& name,
                          const std::string& tool, const Services& services, std::stop_token stop) {
  const ImageFiles files(layers, services.store, std::move(stop));
  ImageSbom sbom;
  sbom.list = scan_packages(files);
  sbom.attestation = {
      .predicate_type = kSpdxPredicateType,
      .predicate_json = to_spdx_json(
          {.name = name, .tool = tool, .created = services.clock.now(), .list = sbom.list}),
      .file_name = "sbom.spdx.json"};
  return sbom;
}

}  // namespace ibuild::builder
