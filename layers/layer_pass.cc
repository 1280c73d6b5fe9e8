#include "layers/layer_pass.h"

#include <optional>

#include "base/error.h"
#include "layers/hash_pipeline.h"
#include "layers/layer_collector.h"
#include "layers/tar_reader.h"
#include "layers/tree_applier.h"

namespace ibuild::layers {

namespace {

/// Hashes what is read, and ends the reading when a stop is asked for.
class HashedSource : public base::ByteSource {
 public:
  HashedSource(base::ByteSource& from, HashPipeline& hash, std::stop_token stop)
      : from_(from), hash_(hash), stop_(std::move(stop)) {}
  std::size_t read(std::span<std::byte> buffer) override {
    if (stop_.stop_requested()) throw base::CancelledError();
    const std::size_t count = from_.read(buffer);
    hash_.write(buffer.first(count));
    return count;
  }

 private:
  base::ByteSource& from_;
  HashPipeline& hash_;
  std::stop_token stop_;
};

}  // namespace

LayerIndex run_layer_pass(base::ByteSource& tar, const base::Digest& diff_id,
                          const LayerPassTargets& targets, base::ThreadPool& pool,
                          std::stop_token stop) {
  HashPipeline hash(pool, targets.tar);
  HashedSource source(tar, hash, std::move(stop));
  TarReader reader(source);
  LayerCollector collector;
  std::optional<TreeApplier> applier;
  if (targets.tree != nullptr) applier.emplace(*targets.tree, targets.xattrs);
  while (auto entry = reader.next()) {
    const LayerEntry& placed = collector.add(*std::move(entry));
    if (applier) applier->add(placed, reader.data());
  }
  reader.drain();
  const base::Digest actual = hash.finish();
  if (actual != diff_id) {
    throw base::ContentError("the layer's bytes are not those of its diff-id", diff_id.str(),
                             actual.str());
  }
  LayerIndex index = collector.finish(TarOrigin::foreign);
  if (applier) applier->finish(index);
  return index;
}

}  // namespace ibuild::layers
