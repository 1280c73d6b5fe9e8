#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "base/stream.h"
#include "base/thread_pool.h"

namespace ibuild::layers {

/// Bytes of a block whose room is not filled with zeros first.
struct BlockBuffer {
  std::unique_ptr<std::byte[]> data;
  std::size_t size_bytes = 0;

  static BlockBuffer with_room(std::size_t capacity_bytes) {
    return {.data = std::make_unique_for_overwrite<std::byte[]>(capacity_bytes), .size_bytes = 0};
  }
  base::Bytes bytes() const { return {data.get(), size_bytes}; }
};

/// Puts blocks through a function side by side on a thread pool and writes the results in the order
/// in which the blocks came, each with one write. Holds a bounded number of blocks: push() waits,
/// and works itself, when there are too many. For one thread.
class BlockPipeline {
 public:
  /// Called from several threads at once.
  using Transform = std::function<BlockBuffer(base::Bytes)>;

  /// `pool` and `out` outlive this.
  BlockPipeline(base::ThreadPool& pool, base::ByteSink& out, Transform transform);
  BlockPipeline(const BlockPipeline&) = delete;
  BlockPipeline& operator=(const BlockPipeline&) = delete;
  /// Blocks that nobody works on yet are given up.
  ~BlockPipeline();

  /// Throws: what the transform or `out` threw for this or an earlier block.
  void push(BlockBuffer block);
  /// Waits for all blocks and writes them. Throws as push().
  void drain();

 private:
  class Task;
  void write_first();

  base::ThreadPool& pool_;
  base::ByteSink& out_;
  std::size_t max_in_flight_;
  // Shared with the tasks on the pool, which may outlive this.
  std::shared_ptr<const Transform> transform_;
  std::deque<std::shared_ptr<Task>> tasks_;
};

}  // namespace ibuild::layers
