#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "builder/cache/cache_place.h"
#include "builder/events.h"
#include "builder/vertex_numbers.h"

namespace ibuild::builder {

/// The caches of --cache-from, asked in their order. Each is read when somebody first asks for
/// something that the store does not have, so that a build that finds everything there needs no
/// network. What cannot be reached or read is a warning, and then not there. For any thread.
class ImportedCaches {
 public:
  /// A record and where the layer's bytes come from.
  struct Hit {
    StepRecord record;
    // Shared by all layers of one cache. Throws CacheError for a layer that nobody has.
    std::shared_ptr<layers::BlobProvider> blobs;
    std::string from;
  };

  /// A cache may hold another image, and so other steps, for each platform. The references outlive
  /// this.
  ImportedCaches(std::vector<std::unique_ptr<CacheSource>> sources,
                 const std::vector<image::Platform>& platforms, EventSink& events,
                 VertexNumbers& vertices);
  ~ImportedCaches();

  std::optional<Hit> find(const base::Digest& key, std::stop_token stop);
  /// The packs of a cache mount.
  struct MountHit {
    std::string name;
    MountBundle mount;
    std::shared_ptr<layers::BlobProvider> blobs;
    std::string from;
  };
  std::optional<MountHit> find_mount(const std::string& name, std::stop_token stop);
  /// Of all mounts; the first cache that has one counts.
  std::vector<MountHit> mounts(std::stop_token stop);

  /// What stands for the bytes of a layer that the store remembers but does not have any more; null
  /// when such layers do not count any more.
  std::shared_ptr<layers::BlobProvider> blobs_of_absent() const;

  /// What a CacheError means.
  enum class Verdict {
    unknown,   // nothing is to blame here
    absent,    // bytes were needed that nobody promised: layers without bytes count no more
    given_up,  // a cache did not keep its promise: nothing is taken from it any more
  };
  /// Called when one ended an attempt. What failed is not used in the next one.
  Verdict give_up_what_failed();

 private:
  struct Cache;
  class CheckedBlobs;
  class AbsentBlobs;
  Hit make_hit(const Cache& cache, const StepRecord& record) const;
  void load(Cache& cache, std::stop_token stop);

  std::vector<std::unique_ptr<Cache>> caches_;
  std::shared_ptr<AbsentBlobs> absent_;  // shared by all layers without bytes
  bool absent_is_given_up_ = false;
  EventSink& events_;
  VertexNumbers& vertices_;
};

/// Whether the layer's bytes are promised by a cache, and so may fail to come.
bool is_from_cache(const layers::Layer& layer);
/// A layer that a cache knows of without its bytes.
bool is_without_bytes(const layers::Layer& layer);
/// Ends the attempt because of this layer. Requires: is_from_cache(layer). Throws: CacheError.
[[noreturn]] void fail_cached_layer(const layers::Layer& layer, const std::string& why);

}  // namespace ibuild::builder
