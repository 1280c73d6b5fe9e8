#include "builder/insecure_registries.h"

#include "base/error.h"
#include "builder/export/output_attributes.h"
#include "builder/export/output_names.h"

namespace ibuild::builder {
namespace {

void add_output(const BuildRequest& request, const OutputSpec& output,
                std::set<std::string>& registries) {
  if (!OutputAttributes(output).flag(kInsecureAttribute, false)) return;
  for (const auto& name : output_names(request.tags, output)) registries.insert(name.domain);
}

void add_cache(const CacheSpec& cache, std::set<std::string>& registries) {
  const OutputAttributes attributes("cache", cache.attributes);
  if (!attributes.flag(kInsecureAttribute, false)) return;
  if (const auto reference = attributes.text("ref"))
    registries.insert(image::parse_reference(*reference).domain);
}

}  // namespace

std::set<std::string> insecure_registries(const BuildRequest& request) {
  std::set<std::string> registries;
  try {
    for (const auto& output : request.outputs) add_output(request, output, registries);
    for (const auto* caches : {&request.cache_from, &request.cache_to})
      for (const auto& cache : *caches) add_cache(cache, registries);
  } catch (const base::Error&) {
    return {};
  }
  return registries;
}

}  // namespace ibuild::builder
