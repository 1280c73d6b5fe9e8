#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/stream.h"
#include "base/thread_pool.h"
#include "layers/block_pipeline.h"
#include "layers/layer_index.h"

namespace ibuild::layers {

/// Turns the tar of a layer into an eStargz blob: gzip members that begin where the data of a file
/// does, a table of contents that names their places, and a footer that names its place. Whoever
/// mounts an image without pulling it reads a file with a request for its members. To all others
/// it is a gzip of the same tar with something behind its end.
/// Takes the bytes of the tar, which stay as they are; gives equal bytes on every machine. Keeps
/// some 100 bytes for each file, and the table as text at the end.
/// See: docs/estargz.md of containerd/stargz-snapshotter.
class EstargzWriter : public base::ByteSink {
 public:
  /// `index` is that of the tar. `index`, `out` and `pool` outlive the writer.
  /// Throws: UsageError for a level that is not 0 to 9; ContentError when the layer holds a table
  /// already.
  EstargzWriter(const LayerIndex& index, int level, base::ByteSink& out, base::ThreadPool& pool);

  /// Throws: what a worker or `out` threw.
  void write(base::Bytes tar) override;

  struct Result {
    base::Digest diff_id;  // of all that the blob inflates to: the tar and its table
    std::uint64_t inflated_bytes = 0;
    base::Digest toc;  // of the table's JSON
  };
  /// All of the tar was written. Only once. Throws as write(), and ContentError when the tar was
  /// shorter than the index says.
  Result finish();

 private:
  /// A file's bytes, as far as one block takes them.
  struct Chunk {
    std::size_t file;   // position in files_
    std::size_t block;  // position in blocks_.begins
    std::uint64_t offset_in_file;
    std::uint64_t size_bytes;
    base::Sha256Value digest;
  };
  struct File {
    std::size_t entry;  // position in the index
    std::uint64_t tar_offset;
    std::uint64_t size_bytes;
  };
  /// Remembers where each block begins in the blob.
  class Blocks : public base::ByteSink {
   public:
    explicit Blocks(base::ByteSink& out) : out_(out) {}
    void write(base::Bytes block) override;
    std::vector<std::uint64_t> begins;
    std::uint64_t size_bytes = 0;

   private:
    base::ByteSink& out_;
  };

  void begin_block();
  void end_block();
  void take(base::Bytes part);
  std::string table() const;

  const LayerIndex& index_;
  const int level_;
  Blocks blocks_;
  BlockPipeline pipeline_;
  std::vector<File> files_;                              // with data, by their offset in the tar
  std::vector<Chunk> chunks_;                            // in the same order
  std::map<std::size_t, base::Sha256Value> long_files_;  // of several chunks: their digests
  base::Sha256 hash_;                                    // of all bytes
  base::Sha256 chunk_hash_;
  base::Sha256 file_hash_;
  std::uint64_t position_ = 0;  // in the tar
  std::size_t next_file_ = 0;   // that has not been taken wholly
  std::size_t pushed_ = 0;      // blocks
  BlockBuffer block_;
  std::uint64_t block_end_ = 0;  // in the tar: where the block ends at the latest
};

}  // namespace ibuild::layers
