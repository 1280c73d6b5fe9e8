#include "base/stream.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace ibuild::base {

namespace {

constexpr std::size_t kCopyBufferBytes = 128 << 10;

/// The file behind a descriptor as the kernel names it, for messages only.
std::string fd_name(int fd) {
  char target[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
  if (size <= 0) return "descriptor " + std::to_string(fd);
  return {target, static_cast<std::size_t>(size)};
}

[[noreturn]] void throw_fd_error(const char* call, int fd) {
  const int error_number = errno;
  throw SystemError(error_number, call, fd_name(fd));
}

}  // namespace

std::size_t FdSource::read(std::span<std::byte> buffer) {
  for (;;) {
    const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw_fd_error("read", fd_);
  }
}

std::size_t FdRangeSource::read(std::span<std::byte> buffer) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left_));
  if (wanted == 0) return 0;
  for (;;) {
    const ssize_t count = ::pread(fd_, buffer.data(), wanted, static_cast<off_t>(offset_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_fd_error("read", fd_);
    if (count == 0) {
      throw ContentError("read " + fd_name(fd_) + ": the file ends " + std::to_string(left_) +
                         " bytes early");
    }
    offset_ += static_cast<std::uint64_t>(count);
    left_ -= static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }
}

void FdSink::write(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_fd_error("write", fd_);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

std::size_t StringSource::read(std::span<std::byte> buffer) {
  const std::size_t count = std::min(buffer.size(), text_.size());
  if (count > 0) std::memcpy(buffer.data(), text_.data(), count);
  text_.remove_prefix(count);
  return count;
}

std::uint64_t copy_stream(ByteSource& from, ByteSink& to) {
  std::vector<std::byte> buffer(kCopyBufferBytes);
  std::uint64_t total = 0;
  while (const std::size_t count = from.read(buffer)) {
    to.write(std::span(buffer).first(count));
    total += count;
  }
  return total;
}

std::string read_all(ByteSource& from, std::uint64_t cap_bytes, std::string_view what) {
  std::vector<std::byte> buffer(16 << 10);
  std::string text;
  while (const std::size_t count = from.read(buffer)) {
    if (count > cap_bytes - text.size()) {
      throw ContentError(std::string(what) + ": larger than " + std::to_string(cap_bytes) +
                         " bytes");
    }
    text.append(as_text(std::span(buffer).first(count)));
  }
  return text;
}

}  // namespace ibuild::base
