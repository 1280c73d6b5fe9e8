#include "builder/cache/imported_caches.h"

#include <atomic>
#include <map>
#include <utility>

#include "base/error.h"
#include "builder/vertex_watch.h"

namespace ibuild::builder {
namespace {

/// What all providers of caches have, so that their layers are known by it.
class PromisedBlobs : public layers::BlobProvider {
 public:
  bool failed() const { return failed_; }
  void note_failure() { failed_ = true; }

 private:
  std::atomic<bool> failed_{false};
};

/// Counts what passes, and compares the digest at the end.
class CheckingSink : public base::DigestSink {
 public:
  CheckingSink(base::DigestSink& next, const image::Descriptor& blob) : next_(next), blob_(blob) {}
  void write(base::Bytes bytes) override {
    size_ += bytes.size();
    if (size_ > blob_.size_bytes) throw base::ContentError("it is larger than its index says");
    next_.write(bytes);
  }
  base::Digest digest() override { return next_.digest(); }
  void finish() {
    if (size_ != blob_.size_bytes || next_.digest() != blob_.digest)
      throw base::ContentError("its bytes are not those of its digest");
  }

 private:
  base::DigestSink& next_;
  const image::Descriptor& blob_;
  std::uint64_t size_ = 0;
};

}  // namespace

/// Bytes of one cache. Whatever goes wrong becomes a CacheError, so that the build can go on
/// without it.
class ImportedCaches::CheckedBlobs : public PromisedBlobs {
 public:
  CheckedBlobs(std::shared_ptr<layers::BlobProvider> blobs, std::string cache)
      : blobs_(std::move(blobs)), cache_(std::move(cache)) {}

  void fetch(const image::Descriptor& blob, base::DigestSink& out, std::stop_token stop) override {
    try {
      CheckingSink checked(out, blob);
      blobs_->fetch(blob, checked, std::move(stop));
      checked.finish();
    } catch (const base::CancelledError&) {
      throw;
    } catch (const base::Error& error) {
      note_failure();
      throw CacheError("cache " + cache_ + ": blob " + blob.digest.str() + ": " + error.what());
    }
  }
  std::string repository() const override { return blobs_->repository(); }

 private:
  std::shared_ptr<layers::BlobProvider> blobs_;
  std::string cache_;
};

/// Stands for layers that a cache knows of but does not hold.
class ImportedCaches::AbsentBlobs : public PromisedBlobs {
 public:
  void fetch(const image::Descriptor&, base::DigestSink&, std::stop_token) override {
    note_failure();
    throw CacheError("a layer is in no cache");
  }
};

struct ImportedCaches::Cache {
  std::shared_ptr<CacheSource> source;
  image::Platform platform;
  std::mutex loading;
  bool is_loaded = false;
  bool is_given_up = false;
  CacheBundle bundle;
  std::shared_ptr<CheckedBlobs> blobs;  // null: nothing was loaded
};

ImportedCaches::ImportedCaches(std::vector<std::unique_ptr<CacheSource>> sources,
                               const std::vector<image::Platform>& platforms, EventSink& events,
                               VertexNumbers& vertices)
    : absent_(std::make_shared<AbsentBlobs>()), events_(events), vertices_(vertices) {
  for (auto& source : sources) {
    const std::shared_ptr<CacheSource> shared = std::move(source);
    for (const auto& platform : platforms) {
      auto cache = std::make_unique<Cache>();
      cache->source = shared;
      cache->platform = platform;
      caches_.push_back(std::move(cache));
    }
  }
}

ImportedCaches::~ImportedCaches() = default;

void ImportedCaches::load(Cache& cache, std::stop_token stop) {
  const std::lock_guard lock(cache.loading);
  if (cache.is_loaded) return;
  const std::string name = cache.source->name();
  VertexWatch watch(events_, vertices_.next(), "importing cache manifest from " + name);
  std::string problem;
  try {
    auto content = cache.source->load(cache.platform, std::move(stop));
    if (content) {
      cache.bundle = std::move(content->bundle);
      cache.blobs = std::make_shared<CheckedBlobs>(std::move(content->blobs), name);
      watch.note(std::to_string(cache.bundle.records.size()) + " records");
    } else {
      problem = "there is none";
    }
  } catch (const base::CancelledError&) {
    throw;  // nothing is known then
  } catch (const base::Error& error) {
    problem = error.what();
  }
  cache.is_loaded = true;
  watch.done();
  if (!problem.empty())
    events_.emit(event::WarningRaised{{"", "cache " + name + " is not used: " + problem, "", {}}});
}

/// The record with all keys that lead to its layer, so that they go along when it is handed on.
ImportedCaches::Hit ImportedCaches::make_hit(const Cache& cache, const StepRecord& record) const {
  Hit hit{record, cache.blobs, cache.source->name()};
  if (!record.layer) return hit;
  if (!record.blob) hit.blobs = absent_;
  for (const auto& [key, other] : cache.bundle.records) {
    if (other.layer == record.layer && other.created == record.created)
      hit.record.also.push_back(key);
  }
  return hit;
}

/// A cache that has the layer comes before one that only knows of it: the inline cache of an image
/// for several platforms knows all steps in each of its images, and has the layers of that image.
std::optional<ImportedCaches::Hit> ImportedCaches::find(const base::Digest& key,
                                                        std::stop_token stop) {
  std::optional<Hit> without_bytes;
  for (const auto& cache : caches_) {
    load(*cache, stop);
    if (cache->is_given_up) continue;
    const auto found = cache->bundle.records.find(key);
    if (found == cache->bundle.records.end()) continue;
    const bool is_absent = found->second.layer && !found->second.blob;
    if (!is_absent) return make_hit(*cache, found->second);
    if (!absent_is_given_up_ && !without_bytes) without_bytes = make_hit(*cache, found->second);
  }
  return without_bytes;
}

std::vector<ImportedCaches::MountHit> ImportedCaches::mounts(std::stop_token stop) {
  std::map<std::string, MountHit> found;
  for (const auto& cache : caches_) {
    load(*cache, stop);
    if (cache->is_given_up) continue;
    for (const auto& [name, mount] : cache->bundle.mounts)
      found.try_emplace(name, MountHit{name, mount, cache->blobs, cache->source->name()});
  }
  std::vector<MountHit> hits;
  hits.reserve(found.size());
  for (auto& [name, hit] : found) hits.push_back(std::move(hit));
  return hits;
}

std::optional<ImportedCaches::MountHit> ImportedCaches::find_mount(const std::string& name,
                                                                   std::stop_token stop) {
  for (auto& hit : mounts(std::move(stop))) {
    if (hit.name == name) return std::move(hit);
  }
  return std::nullopt;
}

std::shared_ptr<layers::BlobProvider> ImportedCaches::blobs_of_absent() const {
  return absent_is_given_up_ ? nullptr : absent_;
}

ImportedCaches::Verdict ImportedCaches::give_up_what_failed() {
  auto verdict = Verdict::unknown;
  if (absent_->failed() && !absent_is_given_up_) {
    absent_is_given_up_ = true;
    verdict = Verdict::absent;
  }
  for (const auto& cache : caches_) {
    if (cache->is_given_up || !cache->blobs || !cache->blobs->failed()) continue;
    cache->is_given_up = true;
    verdict = Verdict::given_up;
  }
  return verdict;
}

bool is_from_cache(const layers::Layer& layer) {
  return dynamic_cast<PromisedBlobs*>(layer.provider.get()) != nullptr;
}

bool is_without_bytes(const layers::Layer& layer) { return is_from_cache(layer) && !layer.blob; }

void fail_cached_layer(const layers::Layer& layer, const std::string& why) {
  dynamic_cast<PromisedBlobs&>(*layer.provider).note_failure();
  throw CacheError("layer " + layer.diff_id.str() + " of a cache: " + why);
}

}  // namespace ibuild::builder
