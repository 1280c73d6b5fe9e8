#include "layers/tree_differ.h"

#include <fcntl.h>

#include <map>
#include <utility>

#include "base/error.h"
#include "layers/entry_writer.h"
#include "layers/hash_pipeline.h"
#include "layers/tee_sink.h"
#include "layers/upper_marks.h"

namespace ibuild::layers {

namespace {

/// Adds attributes and bytes to the entries of a scan.
class FileReader {
 public:
  explicit FileReader(const UpperTree& tree) : tree_(tree) {}

  /// Opens a file, completes the entry; invalid for what has no bytes.
  base::UniqueFd read(LayerEntry& entry) {
    if (entry.type == EntryType::file) {
      base::UniqueFd fd = base::open_at(tree_.upper, entry.path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
      read_upper_marks(fd.get(), tree_.upper.show(entry.path), tree_.xattrs, entry.xattrs);
      if (!entry.xattrs.empty()) file_xattrs_[entry.path.str()] = entry.xattrs;
      return fd;
    }
    if (entry.type == EntryType::hardlink) {
      const auto xattrs = file_xattrs_.find(entry.link_target);
      if (xattrs != file_xattrs_.end()) entry.xattrs = xattrs->second;
    }
    return {};
  }

 private:
  const UpperTree& tree_;
  // A hard link's header bears the attributes of its file, as in BuildKit's layers.
  std::map<std::string, std::vector<base::Xattr>> file_xattrs_;
};

/// Writes the entries of a scan as a tar.
class DiffWriter {
 public:
  DiffWriter(const UpperTree& tree, base::ThreadPool& pool)
      : reader_(tree),
        both_(tree.check, tree.tar),
        hash_(pool, &both_),
        tar_(hash_),
        files_(tar_, pool) {}

  void add(LayerEntry& entry) {
    const base::UniqueFd fd = reader_.read(entry);
    base::FdSource data(fd.get());
    files_.add(entry, fd ? &data : nullptr);
  }

  base::Digest finish() {
    tar_.finish();
    return hash_.finish();
  }

 private:
  FileReader reader_;
  TeeSink both_;
  HashPipeline hash_;
  TarWriter tar_;
  EntryWriter files_;
};

/// The layer's index; the check has seen all of it.
TreeDiff diff_entries(std::vector<LayerEntry> entries, const UpperTree& tree,
                      base::ThreadPool& pool, const std::stop_token& stop) {
  DiffWriter writer(tree, pool);
  for (LayerEntry& entry : entries) {
    if (stop.stop_requested()) throw base::CancelledError();
    writer.add(entry);
  }
  base::Digest diff_id = writer.finish();
  TreeDiff diff{LayerIndex(std::move(entries), TarOrigin::own), std::move(diff_id)};
  if (tree.check != nullptr) tree.check->finish(diff.index);
  return diff;
}

}  // namespace

std::optional<Layer> write_tree_diff(const UpperTree& tree, LayerBuilder& into,
                                     const WarningSink& warn, std::stop_token stop) {
  std::vector<LayerEntry> entries = UpperScan(tree, warn, stop).run();
  if (entries.empty()) return std::nullopt;
  // A pass of its own: the builder writes into the store.
  if (tree.check != nullptr) diff_entries(entries, tree, tree.layers.pool(), stop);
  FileReader reader(tree);
  for (LayerEntry& entry : entries) {
    if (stop.stop_requested()) throw base::CancelledError();
    const base::UniqueFd fd = reader.read(entry);
    base::FdSource data(fd.get());
    into.add(std::move(entry), fd ? &data : nullptr);
  }
  return into.commit();
}

std::optional<TreeDiff> diff_upper_tree(const UpperTree& tree, base::ThreadPool& pool,
                                        const WarningSink& warn, std::stop_token stop) {
  UpperScan scan(tree, warn, stop);
  std::vector<LayerEntry> entries = scan.run();
  if (entries.empty()) return std::nullopt;
  TreeDiff diff = diff_entries(std::move(entries), tree, pool, stop);
  diff.leftovers = scan.take_leftovers();
  return diff;
}

}  // namespace ibuild::layers
