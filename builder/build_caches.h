#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "builder/build.h"
#include "builder/cache/cache_export.h"
#include "builder/cache/cache_options.h"
#include "builder/cache/cache_place.h"
#include "builder/cache/imported_caches.h"
#include "builder/layer_fetch.h"
#include "builder/plan/build_args.h"
#include "builder/step_result.h"
#include "builder/vertex_numbers.h"

namespace ibuild::builder {

/// --cache-from and --cache-to, understood.
struct CacheWishes {
  std::vector<CacheFrom> from;
  std::vector<CacheTo> to;
};

/// Throws: base::UsageError naming the type or attribute.
CacheWishes read_cache_wishes(const BuildRequest& request);

std::vector<std::unique_ptr<CacheSource>> open_caches(const std::vector<CacheFrom>& from,
                                                      const Services& services);

/// --cache-to type=inline, or the build argument that BuildKit knows for it.
bool wants_inline_cache(const CacheWishes& wishes, const GlobalArgs& args);

/// Makes sure that layers which caches promised are what they should be, unless all outputs leave
/// them where they are. Throws: CacheError.
void secure_cached_layers(const layers::LayerChain& image, const std::vector<OutputSpec>& outputs,
                          const LayerFetch& fetch, std::stop_token stop);

/// Traces and results in the plan's order.
struct ExportedSteps {
  const std::vector<StepTrace>& traces;
  const std::vector<StepResult>& results;
  const layers::LayerChain& image;
};
struct ExportTools {
  const Services& services;
  ImagePusher* pusher;
  VertexNumbers& vertices;
  ImportedCaches& imported;  // cache mounts that only they have are handed on
};
/// Writes all caches. A failure is a warning where the cache says ignore-error.
/// Throws: CacheError, what export_cache throws.
void export_caches(const std::vector<CacheTo>& to, const ExportedSteps& steps,
                   const ExportTools& tools, std::stop_token stop);

}  // namespace ibuild::builder
