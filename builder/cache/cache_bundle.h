#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "builder/cache/cache_backend.h"
#include "image/manifest.h"

/// The small index of a cache that lies elsewhere: what the steps of a build made, by key.
/// See: docs/design/exported_cache_format.md.
namespace ibuild::builder {

/// The type of the index, as the config of the manifest that names its blobs, and of that manifest.
inline constexpr std::string_view kCacheIndexType = "application/vnd.ibuild.cache.index.v1+json";
inline constexpr std::string_view kCacheArtifactType = "application/vnd.ibuild.cache.v1";
/// A larger index is refused; 50,000 steps take some 10 MiB.
inline constexpr std::uint64_t kMaxCacheIndexBytes = 16 << 20;

/// A cache mount's files, cut into packs: layers that each hold a share of the paths.
struct MountBundle {
  std::vector<std::pair<base::Digest, image::Descriptor>> packs;  // diff-id and blob
  bool operator==(const MountBundle&) const = default;
};

struct CacheBundle {
  /// By key. A record with a layer but without its blob says what the step made, not where the
  /// bytes are: enough for the steps after it.
  std::map<base::Digest, StepRecord> records;
  std::map<std::string, MountBundle> mounts;  // by the mount's id
  bool operator==(const CacheBundle&) const = default;
};

/// Same value, same bytes.
std::string to_json(const CacheBundle& bundle);
/// Throws: base::ContentError naming the field.
CacheBundle parse_cache_bundle(std::string_view json);

/// The inline form keeps no blobs: they are those of the image that bears it. `diff_ids` and
/// `blobs` are the image's; layers that it does not have stay without bytes.
void attach_blobs(CacheBundle& bundle, const std::vector<base::Digest>& diff_ids,
                  const std::vector<image::Descriptor>& blobs);
/// Without what only other builds can use: the inline form of it.
CacheBundle without_blobs(const CacheBundle& bundle);

/// Throws: base::ContentError unless every blob of the index is one of `blobs`, so that a registry
/// keeps it as long as the manifest, and is of a type that can be read.
void check_blobs(const CacheBundle& bundle, const std::vector<image::Descriptor>& blobs);
/// All blobs, each once, in a fixed order.
std::vector<image::Descriptor> blobs_of(const CacheBundle& bundle);

}  // namespace ibuild::builder
