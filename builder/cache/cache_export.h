#pragma once

#include <vector>

#include "builder/cache/cache_bundle.h"
#include "builder/cache/cache_options.h"
#include "builder/cache/mount_packs.h"
#include "builder/export/exporter.h"

namespace ibuild::builder {

/// What one step of a build made, and the keys that lead to it. Without keys: a step that has none.
struct StepTrace {
  std::vector<base::Digest> keys;
  StepRecord record;
};

/// A build's steps, and the layers that are known of them.
struct CacheContents {
  const std::vector<StepTrace>& traces;
  const layers::LayerChain& layers;  // of all steps, with their providers; may repeat
  const layers::LayerChain& image;   // of the image
  const MountPacks& mounts;
};

/// The records without any blob: what goes into the image's config for type=inline.
CacheBundle inline_bundle(const std::vector<StepTrace>& traces);

/// Makes the blobs that the cache is to hold and writes it. min: those of the image's own layers;
/// of the rest it is only said what the steps made. max: all. Throws: base::Error.
void export_cache(const CacheTo& to, const CacheContents& contents, const Services& services,
                  ImagePusher* pusher, const ExportReport& report, std::stop_token stop);

}  // namespace ibuild::builder
