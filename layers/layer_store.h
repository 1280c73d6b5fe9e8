#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "base/files.h"
#include "base/fs_at.h"
#include "base/thread_pool.h"
#include "layers/compression.h"
#include "layers/content_store.h"
#include "layers/layer.h"
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

class LayerBuilder;

/// layers/<diff-id>/{index,tree/,tar} of the store and their making out of each other. Every form appears by rename: it is there whole or not at all.
/// For any thread; two processes that make the same form at once both succeed.
class LayerStore {
 public:
  LayerStore(const base::DirFd& layers_dir, const base::DirFd& temp_dir, const base::DirFd& locks_dir,
             const ContentStore& content, base::ThreadPool& pool);

  Forms present(const Layer& layer) const;
  /// Makes the wanted forms that are missing, in one pass over the bytes: fetch or read the blob (or tar, or tree), hash, inflate, index, unpack.
  /// Throws ContentError when the blob's digest or the diff-id does not match: nothing is left then.
  void materialize(const Layer& layer, Forms wanted, std::stop_token stop = {},
                   const TransferObserver& observer = {}) const;

  /// Makes it first when it is missing. Kept in memory afterwards.
  std::shared_ptr<const LayerIndex> index(const Layer& layer, std::stop_token stop = {}) const;
  /// The bytes of a `file` entry of this layer's index, from whatever form holds them (tree or tar; made when neither is there).
  std::unique_ptr<base::ByteSource> open_file(const Layer& layer, const LayerEntry& entry,
                                              std::stop_token stop = {}) const;
  /// The digest of a file's bytes: from the index, or computed by reading.
  base::Digest file_digest(const Layer& layer, const LayerEntry& entry) const;
  /// The unpacked directory in the overlay whiteout format of this process's backend (trusted. or user. xattrs).
  base::DirFd open_tree(const Layer& layer, std::stop_token stop = {}) const;
  /// The uncompressed tar, byte for byte that of the diff-id.
  void write_tar(const Layer& layer, base::ByteSink& out, std::stop_token stop = {}) const;
  /// The compressed blob in the content store: the one named by layer.blob when that is there or can be fetched and its compression is acceptable
  /// (`force`: only when equal to `options`), else made. Remembered, so that it is made once.
  image::Descriptor ensure_blob(const Layer& layer, const CompressionOptions& options, bool force = false,
                                std::stop_token stop = {}) const;
  /// The blob this layer would be exported as, when it is known without making anything.
  std::optional<image::Descriptor> known_blob(const Layer& layer, const CompressionOptions& options, bool force = false) const;

  std::unique_ptr<LayerBuilder> begin_layer() const;
  /// A layer out of a tree that a RUN wrote: `upper` is renamed into place. `index` has the entries with content digests; `diff_id` is that of the tar
  /// that TarWriter makes of them.
  Layer adopt_tree(const base::DirFd& parent_dir, const std::string& name, const LayerIndex& index,
                   const base::Digest& diff_id) const;

 private:
  base::DirFd layers_;
  base::DirFd temp_;
  base::DirFd locks_;
  const ContentStore& content_;
  base::ThreadPool& pool_;
};

/// Writes a new layer straight as tar and index, without a file system: COPY, ADD, WORKDIR.
/// Entries come in walk order (compare_walk_order), each path once, hard links after the file they name.
class LayerBuilder {
 public:
  virtual ~LayerBuilder() = default;
  /// As TarWriter::add; the file's content digest is computed on the way unless the entry brings it.
  virtual void add(LayerEntry entry, base::ByteSource* data) = 0;
  /// The layer is in the store afterwards, in forms tar and index. A layer with this diff-id that stands already is kept.
  virtual Layer commit() = 0;
};

}  // namespace ibuild::layers
