#include "layers/entry_writer.h"

#include "layers/hash_pipeline.h"

namespace ibuild::layers {

namespace {

/// From this size on hashing beside reading is worth the pool's attention.
constexpr std::uint64_t kLargeFileBytes = 2 << 20;

/// Hands what is read from a source to a sink as well.
class TappedSource : public base::ByteSource {
 public:
  TappedSource(base::ByteSource& from, base::ByteSink& tap) : from_(from), tap_(tap) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = from_.read(buffer);
    tap_.write(buffer.first(count));
    return count;
  }

 private:
  base::ByteSource& from_;
  base::ByteSink& tap_;
};

}  // namespace

void EntryWriter::add(LayerEntry& entry, base::ByteSource* data) {
  const bool is_file = entry.type == EntryType::file;
  // As a reader of the tar will see it.
  entry.mtime = std::chrono::floor<std::chrono::seconds>(entry.mtime);
  entry.tar_offset = 0;
  if (!is_file || data == nullptr || entry.content) {
    const std::uint64_t offset = tar_.add(entry, data);
    if (!is_file) return;
    entry.tar_offset = offset;
    if (!entry.content) entry.content = base::sha256_of("");  // no data: an empty file
  } else if (entry.size_bytes >= kLargeFileBytes) {
    HashPipeline hash(pool_);
    TappedSource tapped(*data, hash);
    entry.tar_offset = tar_.add(entry, &tapped);
    entry.content = hash.finish();
  } else {
    TappedSource tapped(*data, small_hash_);
    entry.tar_offset = tar_.add(entry, &tapped);
    entry.content = small_hash_.finish();
  }
}

}  // namespace ibuild::layers
