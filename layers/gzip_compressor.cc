#include "layers/gzip_compressor.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "layers/block_pipeline.h"
#include "layers/gzip_members.h"

namespace ibuild::layers {

namespace {

// Part of the output's format: another size gives other bytes. Matches do not reach over the border
// of two blocks, which costs less than one per cent at this size.
constexpr std::size_t kBlockBytes = 1 << 20;

class GzipCompressor : public Compressor {
 public:
  GzipCompressor(int level, base::ByteSink& out, base::ThreadPool& pool)
      : pipeline_(pool, out, gzip_members(level)) {}

  void write(base::Bytes bytes) override {
    while (!bytes.empty()) {
      if (!block_.data) block_ = BlockBuffer::with_room(kBlockBytes);
      const std::size_t count = std::min(bytes.size(), kBlockBytes - block_.size_bytes);
      std::memcpy(block_.data.get() + block_.size_bytes, bytes.data(), count);
      block_.size_bytes += count;
      bytes = bytes.subspan(count);
      if (block_.size_bytes == kBlockBytes) push_block();
    }
  }

  void finish() override {
    // No bytes at all are one empty member.
    if (block_.size_bytes > 0 || is_first_) push_block();
    pipeline_.drain();
  }

 private:
  void push_block() {
    is_first_ = false;
    pipeline_.push(std::exchange(block_, {}));
  }

  BlockPipeline pipeline_;
  BlockBuffer block_;
  bool is_first_ = true;
};

}  // namespace

std::unique_ptr<Compressor> make_gzip_compressor(int level, base::ByteSink& out,
                                                 base::ThreadPool& pool) {
  return std::make_unique<GzipCompressor>(level, out, pool);
}

}  // namespace ibuild::layers
