#include "builder/cache/cache_export.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "builder/cache/imported_caches.h"
#include "builder/cache/layout_cache.h"
#include "image/manifest.h"
#include "image/media_types.h"

namespace ibuild::builder {
namespace {

/// Which layers go along with their bytes: each once, absent ones not.
layers::LayerChain chosen_layers(const CacheTo& to, const CacheContents& contents) {
  std::set<base::Digest> wanted;
  for (const auto& layer : contents.image) wanted.insert(layer.diff_id);
  std::set<base::Digest> of_steps;
  for (const auto& trace : contents.traces) {
    if (trace.record.layer) of_steps.insert(*trace.record.layer);
  }
  layers::LayerChain chosen;
  std::set<base::Digest> seen;
  for (const auto& layer : contents.layers) {
    const bool is_wanted = to.mode == CacheTo::Mode::max || wanted.contains(layer.diff_id);
    if (!is_wanted || !of_steps.contains(layer.diff_id) || is_without_bytes(layer)) continue;
    if (seen.insert(layer.diff_id).second) chosen.push_back(layer);
  }
  for (const auto& [name, packs] : contents.mounts) {
    for (const auto& pack : packs) {
      if (seen.insert(pack.diff_id).second) chosen.push_back(pack);
    }
  }
  return chosen;
}

CacheBundle bundle_of(const std::vector<StepTrace>& traces, const MountPacks& mounts,
                      const layers::LayerChain& blobs) {
  std::map<base::Digest, image::Descriptor> blob_of;
  for (const auto& layer : blobs) {
    blob_of[layer.diff_id] = {.media_type = layer.blob->media_type,
                              .digest = layer.blob->digest,
                              .size_bytes = layer.blob->size_bytes,
                              .urls = {},
                              .annotations = {},
                              .data = {},
                              .platform = {},
                              .artifact_type = {}};
  }
  CacheBundle bundle;
  for (const auto& trace : traces) {
    StepRecord record = trace.record;
    record.also.clear();
    record.blob.reset();
    const auto blob = record.layer ? blob_of.find(*record.layer) : blob_of.end();
    if (blob != blob_of.end()) record.blob = blob->second;
    for (const auto& key : trace.keys) bundle.records.insert_or_assign(key, record);
  }
  for (const auto& [name, packs] : mounts) {
    auto& mount = bundle.mounts[name];
    for (const auto& pack : packs) mount.packs.emplace_back(pack.diff_id, blob_of.at(pack.diff_id));
  }
  return bundle;
}

/// The bundle as an image manifest: the index is its config, the blobs are its layers.
BuiltImage assemble_cache(const CacheBundle& bundle, const layers::LayerChain& layers) {
  BuiltImage built;
  built.config_json = to_json(bundle);
  built.config = image::describe_bytes(kCacheIndexType, built.config_json);
  image::Manifest manifest;
  manifest.media_type = image::media_type::kOciManifest;
  manifest.artifact_type = kCacheArtifactType;
  manifest.config = built.config;
  manifest.layers = blobs_of(bundle);
  built.manifest_json = image::to_json(manifest);
  built.manifest = image::describe_bytes(manifest.media_type, built.manifest_json);
  built.manifest.artifact_type = kCacheArtifactType;
  built.layers = layers;
  return built;
}

}  // namespace

CacheBundle inline_bundle(const std::vector<StepTrace>& traces) {
  return without_blobs(bundle_of(traces, {}, {}));
}

void export_cache(const CacheTo& to, const CacheContents& contents, const Services& services,
                  ImagePusher* pusher, const ExportReport& report, std::stop_token stop) {
  const bool to_registry = to.place.kind == CachePlace::Kind::registry;
  const auto place = to_registry ? BlobPlace::store_or_origin : BlobPlace::store;
  report.note("preparing build cache for export");
  const auto blobs =
      make_layer_blobs(chosen_layers(to, contents), to.format, place, services.store, stop);
  const auto bundle = bundle_of(contents.traces, contents.mounts, blobs);
  const auto built = assemble_cache(bundle, blobs);
  report.note("writing cache manifest " + built.manifest.digest.str());
  if (!to_registry) return write_layout_cache(to.place, built, services.store.content());
  if (pusher == nullptr) throw base::UsageError("this build has no way to push");
  const BuiltImages alone{.images = {built}, .index_json = {}, .top = built.manifest};
  pusher->push(alone, {*to.place.reference}, report.vertex, services.events, stop);
}

}  // namespace ibuild::builder
