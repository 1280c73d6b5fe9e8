#include "layers/any_decompressor.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "layers/compression.h"

namespace ibuild::layers {

namespace {

constexpr std::string_view kBzip2Magic = "BZh";
constexpr std::string_view kXzMagic(
    "\xfd"
    "7zXZ\0",
    6);
constexpr std::size_t kMaxMagicBytes = 8;
constexpr std::size_t kInputBytes = 128 << 10;

/// Gives the first bytes of a stream to look at, and then the whole stream.
class PeekedSource : public base::ByteSource {
 public:
  explicit PeekedSource(base::ByteSource& from) : from_(from) {
    while (size_ < head_.size()) {
      const std::size_t count = from_.read(std::span(head_).subspan(size_));
      if (count == 0) break;
      size_ += count;
    }
  }
  base::Bytes head() const { return std::span(head_).first(size_); }

  std::size_t read(std::span<std::byte> buffer) override {
    if (given_ == size_) return from_.read(buffer);
    const std::size_t count = std::min(buffer.size(), size_ - given_);
    std::memcpy(buffer.data(), head_.data() + given_, count);
    given_ += count;
    return count;
  }

 private:
  base::ByteSource& from_;
  std::array<std::byte, kMaxMagicBytes> head_{};
  std::size_t size_ = 0;
  std::size_t given_ = 0;
};

/// bzip2 and xz through libarchive, which takes a compressed stream for an archive of one file.
class LibarchiveSource : public base::ByteSource {
 public:
  explicit LibarchiveSource(base::ByteSource& from)
      : from_(from), input_(kInputBytes), archive_(archive_read_new()) {
    if (!archive_) throw std::bad_alloc();
    archive_read_support_format_raw(archive_.get());
    archive_read_support_format_empty(archive_.get());
    archive_read_support_filter_bzip2(archive_.get());
    archive_read_support_filter_xz(archive_.get());
    check(archive_read_open(archive_.get(), this, nullptr, &LibarchiveSource::give_input, nullptr));
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(archive_.get(), &entry);
    is_empty_ = result == ARCHIVE_EOF;  // nothing was compressed
    check(is_empty_ ? ARCHIVE_OK : result);
  }

  std::size_t read(std::span<std::byte> buffer) override {
    if (is_empty_ || buffer.empty()) return 0;
    const la_ssize_t count = archive_read_data(archive_.get(), buffer.data(), buffer.size());
    check(count < 0 ? static_cast<int>(count) : ARCHIVE_OK);
    return static_cast<std::size_t>(count);
  }

 private:
  struct FreeArchive {
    void operator()(archive* reader) const { archive_read_free(reader); }
  };

  /// A C callback: nothing may be thrown through libarchive.
  static la_ssize_t give_input(archive* /*reader*/, void* self, const void** buffer) {
    auto& source = *static_cast<LibarchiveSource*>(self);
    try {
      *buffer = source.input_.data();
      return static_cast<la_ssize_t>(source.from_.read(source.input_));
    } catch (...) {
      source.thrown_ = std::current_exception();
      return -1;
    }
  }

  void rethrow() {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }
  void check(int result) {
    rethrow();
    if (result == ARCHIVE_OK) return;
    const char* words = archive_error_string(archive_.get());
    throw base::ContentError(std::string("decompress: ") +
                             (words != nullptr ? words : "broken data"));
  }

  base::ByteSource& from_;
  std::vector<std::byte> input_;
  std::exception_ptr thrown_;
  std::unique_ptr<archive, FreeArchive> archive_;
  bool is_empty_ = false;
};

class AnyDecompressor : public base::ByteSource {
 public:
  explicit AnyDecompressor(base::ByteSource& from) : peeked_(from) {
    const std::string_view head = base::as_text(peeked_.head());
    if (head.starts_with(kBzip2Magic) || head.starts_with(kXzMagic)) {
      plain_ = std::make_unique<LibarchiveSource>(peeked_);
    } else {
      plain_ = make_decompressor(detect_compression(peeked_.head()), peeked_);
    }
  }
  std::size_t read(std::span<std::byte> buffer) override { return plain_->read(buffer); }

 private:
  PeekedSource peeked_;
  std::unique_ptr<base::ByteSource> plain_;
};

}  // namespace

std::unique_ptr<base::ByteSource> make_any_decompressor(base::ByteSource& from) {
  return std::make_unique<AnyDecompressor>(from);
}

}  // namespace ibuild::layers
