#include "base/stoppable_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/error.h"

namespace ibuild::base {

namespace {

/// How often to look for a reader of a fifo: nothing tells.
constexpr std::chrono::milliseconds kReaderPause{20};

void make_blocking(int fd, const std::string& path) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) throw SystemError("fcntl", path);
}

/// Not files and disks.
bool can_block(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 &&
         (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || S_ISCHR(status.st_mode));
}

}  // namespace

std::size_t StoppableSource::read(std::span<std::byte> buffer) {
  waker_.wait_for(fd_, POLLIN);
  return FdSource(fd_).read(buffer);
}

StoppableSink::StoppableSink(int fd, std::stop_token stop)
    : fd_(fd), can_block_(can_block(fd)), waker_(std::move(stop)) {}

void StoppableSink::write(Bytes bytes) {
  FdSink sink(fd_);
  if (!can_block_) return sink.write(bytes);
  while (!bytes.empty()) {
    waker_.wait_for(fd_, POLLOUT);
    // A pipe that is ready has room for so much. See: pipe(7).
    const auto part = bytes.first(std::min<std::size_t>(bytes.size(), PIPE_BUF));
    sink.write(part);
    bytes = bytes.subspan(part.size());
  }
}

UniqueFd open_for_reading(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) throw SystemError("open", path);
  make_blocking(fd.get(), path);
  return fd;
}

UniqueFd open_fifo_for_writing(const std::string& path, std::stop_token stop) {
  const StopWaker waker(std::move(stop));
  while (true) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd) {
      make_blocking(fd.get(), path);
      return fd;
    }
    if (errno != ENXIO) throw SystemError("open", path);
    waker.pause(kReaderPause);
  }
}

}  // namespace ibuild::base
