// See: docs/design/exported_cache_format.md.
#include "builder/cache/cache_bundle.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "image/json_access.h"
#include "image/media_types.h"

namespace ibuild::builder {
namespace {

using image::JsonValue;
using nlohmann::ordered_json;

constexpr std::int64_t kVersion = 1;

/// Layers are written once, however many records name them.
class LayerTable {
 public:
  std::size_t add(const base::Digest& diff_id, const std::optional<image::Descriptor>& blob) {
    const auto [place, is_new] = places_.try_emplace(diff_id, list_.size());
    if (is_new) list_.push_back({{"diffId", diff_id.str()}});
    if (blob) list_[place->second]["blob"] = blob_json(*blob);
    return place->second;
  }
  ordered_json take() { return std::move(list_); }

 private:
  static ordered_json blob_json(const image::Descriptor& blob) {
    return {
        {"mediaType", blob.media_type}, {"digest", blob.digest.str()}, {"size", blob.size_bytes}};
  }
  ordered_json list_ = ordered_json::array();
  std::map<base::Digest, std::size_t> places_;
};

base::Digest digest_of(const JsonValue& value) {
  auto digest = base::Digest::try_parse(value.as_string());
  if (!digest || digest->algorithm() != "sha256") value.fail("is no sha256 digest");
  return *std::move(digest);
}

base::TimePoint time_of(const JsonValue& value) {
  const auto time = base::parse_rfc3339(value.as_string());
  if (!time) value.fail("is no time");
  return *time;
}

struct ReadLayer {
  base::Digest diff_id;
  std::optional<image::Descriptor> blob;
};

ReadLayer read_layer(const JsonValue& value) {
  ReadLayer layer{digest_of(value.at("diffId")), std::nullopt};
  if (const auto blob = value.find("blob")) {
    image::Descriptor descriptor;
    descriptor.media_type = blob->at("mediaType").as_string();
    descriptor.digest = digest_of(blob->at("digest"));
    descriptor.size_bytes = blob->at("size").as_size();
    layer.blob = std::move(descriptor);
  }
  return layer;
}

const ReadLayer& layer_at(const std::vector<ReadLayer>& layers, const JsonValue& place) {
  const auto index = place.as_size();
  if (index >= layers.size()) place.fail("names no layer");
  return layers[index];
}

StepRecord read_record(const JsonValue& value, const std::vector<ReadLayer>& layers) {
  StepRecord record;
  record.created = time_of(value.at("created"));
  const auto stored = value.find("stored");
  record.stored = stored ? time_of(*stored) : record.created;
  if (const auto layer = value.find("layer")) {
    record.layer = layer_at(layers, *layer).diff_id;
    record.blob = layer_at(layers, *layer).blob;
  }
  return record;
}

MountBundle read_mount(const JsonValue& value, const std::vector<ReadLayer>& layers) {
  MountBundle mount;
  for (const auto& pack : value.at("packs").as_list()) {
    const auto& layer = layer_at(layers, pack);
    if (!layer.blob) pack.fail("has no blob");
    mount.packs.emplace_back(layer.diff_id, *layer.blob);
  }
  return mount;
}

}  // namespace

std::string to_json(const CacheBundle& bundle) {
  LayerTable layers;
  auto records = ordered_json::array();
  for (const auto& [key, record] : bundle.records) {
    ordered_json json{{"key", key.str()}, {"created", base::format_rfc3339(record.created)}};
    if (record.stored != record.created) json["stored"] = base::format_rfc3339(record.stored);
    if (record.layer) json["layer"] = layers.add(*record.layer, record.blob);
    records.push_back(std::move(json));
  }
  auto mounts = ordered_json::array();
  for (const auto& [id, mount] : bundle.mounts) {
    auto packs = ordered_json::array();
    for (const auto& [diff_id, blob] : mount.packs) packs.push_back(layers.add(diff_id, blob));
    mounts.push_back({{"id", id}, {"packs", std::move(packs)}});
  }
  ordered_json document{
      {"ibuildCache", kVersion}, {"layers", layers.take()}, {"records", std::move(records)}};
  if (!mounts.empty()) document["mounts"] = std::move(mounts);
  return image::dump_json(document);
}

CacheBundle parse_cache_bundle(std::string_view json) {
  const auto parsed = image::parse_untrusted_json(json, "cache index");
  const JsonValue document(parsed, "cache index");
  const auto version = document.at("ibuildCache");
  if (version.as_integer() != kVersion) version.fail("is a version that is not known here");
  std::vector<ReadLayer> layers;
  for (const auto& layer : document.at("layers").as_list()) layers.push_back(read_layer(layer));
  CacheBundle bundle;
  for (const auto& record : document.at("records").as_list()) {
    auto key = digest_of(record.at("key"));
    if (!bundle.records.try_emplace(std::move(key), read_record(record, layers)).second)
      record.fail("has a key that is there already");
  }
  if (const auto mounts = document.find("mounts")) {
    for (const auto& mount : mounts->as_list())
      bundle.mounts.insert_or_assign(mount.at("id").as_string(), read_mount(mount, layers));
  }
  return bundle;
}

void attach_blobs(CacheBundle& bundle, const std::vector<base::Digest>& diff_ids,
                  const std::vector<image::Descriptor>& blobs) {
  if (diff_ids.size() != blobs.size())
    throw base::ContentError("the image's config and manifest differ in their number of layers");
  for (auto& [key, record] : bundle.records) {
    record.blob.reset();
    if (!record.layer) continue;
    const auto found = std::find(diff_ids.begin(), diff_ids.end(), *record.layer);
    if (found != diff_ids.end())
      record.blob = blobs[static_cast<std::size_t>(found - diff_ids.begin())];
  }
  bundle.mounts.clear();
}

CacheBundle without_blobs(const CacheBundle& bundle) {
  CacheBundle bare = bundle;
  for (auto& [key, record] : bare.records) {
    record.blob.reset();
    record.stored = record.created;  // the image's bytes shall not depend on the time of day
  }
  bare.mounts.clear();
  return bare;
}

std::vector<image::Descriptor> blobs_of(const CacheBundle& bundle) {
  std::map<base::Digest, image::Descriptor> blobs;
  for (const auto& [key, record] : bundle.records) {
    if (record.blob) blobs.emplace(record.blob->digest, *record.blob);
  }
  for (const auto& [id, mount] : bundle.mounts) {
    for (const auto& [diff_id, blob] : mount.packs) blobs.emplace(blob.digest, blob);
  }
  std::vector<image::Descriptor> list;
  list.reserve(blobs.size());
  for (auto& [digest, blob] : blobs) list.push_back(std::move(blob));
  return list;
}

void check_blobs(const CacheBundle& bundle, const std::vector<image::Descriptor>& blobs) {
  std::map<base::Digest, std::uint64_t> named;
  for (const auto& blob : blobs) named.emplace(blob.digest, blob.size_bytes);
  for (const auto& blob : blobs_of(bundle)) {
    image::media_type::layer_compression(blob.media_type);
    const auto found = named.find(blob.digest);
    if (found == named.end() || found->second != blob.size_bytes) {
      throw base::ContentError("the cache's manifest does not name blob " + blob.digest.str() +
                               " of its index");
    }
  }
}

}  // namespace ibuild::builder
