#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace ibuild::base {

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Bytes that are read once, front to back.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills at most `buffer.size()` bytes and says how many; 0 only at the end. Blocks. Throws on
  /// failure.
  virtual std::size_t read(std::span<std::byte> buffer) = 0;
};

/// Where bytes go, front to back.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Takes all of `bytes` or throws.
  virtual void write(Bytes bytes) = 0;
};

/// Reads a descriptor from its current position. Does not own it.
class FdSource : public ByteSource {
 public:
  explicit FdSource(int fd) : fd_(fd) {}
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  int fd_;
};

/// Reads `size` bytes of a descriptor from `offset` with pread, so that several may share one
/// descriptor. Throws ContentError when the file ends early.
class FdRangeSource : public ByteSource {
 public:
  FdRangeSource(int fd, std::uint64_t offset, std::uint64_t size)
      : fd_(fd), offset_(offset), left_(size) {}
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  int fd_;
  std::uint64_t offset_;
  std::uint64_t left_;
};

/// Writes to a descriptor at its current position. Does not own it.
class FdSink : public ByteSink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  void write(Bytes bytes) override;

 private:
  int fd_;
};

class StringSource : public ByteSource {
 public:
  /// `text` must outlive the source.
  explicit StringSource(std::string_view text) : text_(text) {}
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  std::string_view text_;
};

class StringSink : public ByteSink {
 public:
  void write(Bytes bytes) override { text_.append(as_text(bytes)); }
  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Copies everything; gives the number of bytes. Uses a fixed buffer.
std::uint64_t copy_stream(ByteSource& from, ByteSink& to);

/// All bytes of `from`. Throws ContentError above `cap_bytes`, naming `what`.
std::string read_all(ByteSource& from, std::uint64_t cap_bytes, std::string_view what);

}  // namespace ibuild::base
