#include "builder/build_caches.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "builder/cache/imported_caches.h"
#include "builder/cache/layout_cache.h"
#include "builder/cache/mount_packs.h"
#include "builder/vertex_watch.h"

namespace ibuild::builder {
namespace {

constexpr const char* kInlineArgument = "BUILDKIT_INLINE_CACHE";

std::string vertex_name(const CacheTo& to) {
  if (to.place.kind == CachePlace::Kind::registry)
    return "exporting cache to registry " + to.place.reference->str();
  return "exporting cache to client directory";
}

layers::LayerChain own_layers(const ExportedSteps& steps) {
  layers::LayerChain layers;
  for (std::size_t i = 0; i < steps.traces.size(); ++i) {
    // Those of bases have no keys.
    if (!steps.traces[i].keys.empty()) layers.push_back(steps.results[i].chain.top());
  }
  return layers;
}

}  // namespace

CacheWishes read_cache_wishes(const BuildRequest& request) {
  CacheWishes wishes;
  for (const auto& spec : request.cache_from) wishes.from.push_back(read_cache_from(spec));
  for (const auto& spec : request.cache_to) wishes.to.push_back(read_cache_to(spec));
  return wishes;
}

std::vector<std::unique_ptr<CacheSource>> open_caches(const std::vector<CacheFrom>& from,
                                                      const Services& services) {
  std::vector<std::unique_ptr<CacheSource>> sources;
  for (const auto& each : from) {
    if (each.place.kind == CachePlace::Kind::layout) {
      sources.push_back(open_layout_cache(each.place));
    } else if (services.cache_registry != nullptr) {
      sources.push_back(services.cache_registry->open(*each.place.reference));
    } else {
      throw base::UsageError("this build has no way to reach the cache " +
                             each.place.reference->str());
    }
  }
  return sources;
}

bool wants_inline_cache(const CacheWishes& wishes, const GlobalArgs& args) {
  const auto argument = args.given(kInlineArgument);
  if (argument == "1" || argument == "true") return true;
  return std::any_of(wishes.to.begin(), wishes.to.end(),
                     [](const CacheTo& to) { return to.place.kind == CachePlace::Kind::inlined; });
}

void secure_cached_layers(const layers::LayerChain& image, const std::vector<OutputSpec>& outputs,
                          const LayerFetch& fetch, std::stop_token stop) {
  const bool needs_bytes = std::any_of(outputs.begin(), outputs.end(), [](const auto& output) {
    return output.type != "registry" && output.type != "cacheonly";
  });
  layers::LayerChain cached;
  for (const auto& layer : image) {
    if (is_without_bytes(layer) || (needs_bytes && is_from_cache(layer))) cached.push_back(layer);
  }
  fetch.ensure_indexes(cached, std::move(stop));
}

void export_caches(const std::vector<CacheTo>& to, const ExportedSteps& steps,
                   const ExportTools& tools, std::stop_token stop) {
  const auto layers = own_layers(steps);
  for (const auto& cache : to) {
    if (cache.place.kind == CachePlace::Kind::inlined) continue;  // it is in the image
    VertexWatch watch(tools.services.events, tools.vertices.next(), vertex_name(cache));
    try {
      watch.run([&] {
        const ExportReport report{tools.services.events, watch.id()};
        const auto mounts = pack_mounts(cache.mounts, tools.services, tools.imported, stop);
        export_cache(cache, {steps.traces, layers, steps.image, mounts}, tools.services,
                     tools.pusher, report, stop);
      });
    } catch (const base::CancelledError&) {
      throw;
    } catch (const CacheError&) {
      throw;
    } catch (base::Error& error) {
      error.add_context(vertex_name(cache));
      if (!cache.ignore_error) throw;
      tools.services.events.emit(event::WarningRaised{{"", error.what(), "", {}}});
    }
  }
}

}  // namespace ibuild::builder
