#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/files.h"
#include "base/fs_at.h"
#include "base/thread_pool.h"
#include "layers/blob_watcher.h"
#include "layers/blob_writer.h"
#include "layers/compression.h"
#include "layers/content_store.h"
#include "layers/layer.h"
#include "layers/layer_builder.h"
#include "layers/layer_index.h"

namespace ibuild::layers {

/// The forms of a layer that may be asked for; see ARCHITECTURE.md "a layer's four forms".
struct Forms {
  bool index = false;
  bool tree = false;
  bool tar = false;
  bool blob = false;
};

/// Bytes that arrived so far, for progress. Called from the working thread.
using TransferObserver = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

/// layers/<diff-id>/{index,tree-…/,tar,blob-…} of the store and their making out of each other.
/// Every form appears by rename: it is there whole or not at all. For any thread; two processes
/// that make the same form at once both succeed.
class LayerStore {
 public:
  /// `content` and `pool` must outlive the store.
  LayerStore(const base::DirFd& layers_dir, const base::DirFd& temp_dir,
             const base::DirFd& locks_dir, const ContentStore& content, base::ThreadPool& pool);
  ~LayerStore();

  /// `blob`: that of the layer; one that was made of it counts when there is nothing else. `tree`:
  /// with the index, without which it gives no tar.
  Forms present(const Layer& layer) const;
  /// Makes the wanted forms that are missing, in one pass over the bytes: fetch or read the blob
  /// (or tar, or tree), hash, inflate, index, unpack. The index is made along with any of them.
  /// Throws ContentError when the blob's digest or the diff-id does not match: nothing is left
  /// then. A blob of the store that is damaged is removed, and fetched again where the layer has a
  /// provider. Throws Error when nothing is there to make them from.
  void materialize(const Layer& layer, Forms wanted, std::stop_token stop = {},
                   const TransferObserver& observer = {}) const;

  /// Makes the wanted forms of all layers of a chain, several layers at a time. The first failure
  /// stops the others and is thrown.
  void materialize_all(const LayerChain& chain, Forms wanted, std::stop_token stop = {}) const;

  /// Makes it first when it is missing or damaged. Kept in memory afterwards.
  std::shared_ptr<const LayerIndex> index(const Layer& layer, std::stop_token stop = {}) const;
  /// The bytes of a `file` entry of this layer's index, from whatever form holds them (tree or tar;
  /// made when neither is there), without the first `skipped_bytes`; none beyond its end.
  std::unique_ptr<base::ByteSource> open_file(const Layer& layer, const LayerEntry& entry,
                                              std::stop_token stop = {},
                                              std::uint64_t skipped_bytes = 0) const;
  /// The digest of a file's bytes: from the index, or computed by reading.
  base::Sha256Value file_digest(const Layer& layer, const LayerEntry& entry) const;
  /// The unpacked directory in the overlay whiteout format of this process's backend (trusted. or
  /// user. xattrs, and in a user namespace its id map).
  base::DirFd open_tree(const Layer& layer, std::stop_token stop = {}) const;
  /// One directory of all that the layers of `chain` show together, made of hard links when it is
  /// missing: for chains that are too long for overlayfs.
  base::DirFd open_merged_tree(const LayerChain& chain, std::stop_token stop = {}) const;
  /// The uncompressed tar, byte for byte that of the diff-id: checked on the way, so that the
  /// ContentError for a damaged form comes after bytes were written. The damaged form is dropped.
  void write_tar(const Layer& layer, base::ByteSink& out, std::stop_token stop = {}) const;
  /// The compressed blob in the content store: the one named by layer.blob when that is there or
  /// can be fetched and its compression is acceptable (`force`: only the type of `options`), else
  /// made as `options` say. Remembered, so that it is made once.
  image::Descriptor ensure_blob(const Layer& layer, const CompressionOptions& options,
                                bool force = false, std::stop_token stop = {}) const;
  /// The blob this layer would be exported as, when it is known without making anything.
  std::optional<image::Descriptor> known_blob(const Layer& layer, const CompressionOptions& options,
                                              bool force = false) const;

  /// The layer as eStargz: another one with the same files, whose blob (gzip, `level` 0-9) is in
  /// the content store, annotated with what readers of that format look for. One that is eStargz
  /// already stays as it is. Remembered, so that it is made once. Throws: UsageError for the level,
  /// ContentError for a layer that holds a file of the format's name.
  Layer ensure_estargz(const Layer& layer, std::optional<int> level,
                       std::stop_token stop = {}) const;
  /// A blob that is made while the layer is: see WorkingTree::set_blob and begin_layer.
  std::unique_ptr<BlobWriter> begin_blob(const BlobRequest& request) const;

  /// With `blob`: the layer gets a blob that is made so, in the same pass over its bytes, and no
  /// tar: the blob gives the same bytes to whoever may want them.
  std::unique_ptr<LayerBuilder> begin_layer(
      const std::optional<BlobRequest>& blob = std::nullopt) const;
  base::ThreadPool& pool() const;
  /// A layer out of a tree that a RUN wrote: `parent_dir`/`name` is renamed into place, or removed
  /// when the layer stands already. `index` has the entries with content digests; `diff_id` is
  /// that of the tar that TarWriter makes of them.
  Layer adopt_tree(const base::DirFd& parent_dir, const std::string& name, const LayerIndex& index,
                   const base::Digest& diff_id) const;

 private:
  struct State;
  class Materializer;
  class Builder;
  class CompressedBlob;
  std::unique_ptr<State> state_;
};

}  // namespace ibuild::layers
