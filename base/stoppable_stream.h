#pragma once

#include <stop_token>
#include <string>

#include "base/fs_at.h"
#include "base/stop_waker.h"
#include "base/stream.h"

namespace ibuild::base {

/// Reads a descriptor that may keep its reader waiting for long: a pipe, a terminal. Does not own
/// it. read() throws CancelledError after a stop request.
class StoppableSource : public ByteSource {
 public:
  StoppableSource(int fd, std::stop_token stop) : fd_(fd), waker_(std::move(stop)) {}
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  int fd_;
  StopWaker waker_;
};

/// Writes to one, likewise.
class StoppableSink : public ByteSink {
 public:
  StoppableSink(int fd, std::stop_token stop);
  void write(Bytes bytes) override;

 private:
  int fd_;
  bool can_block_;
  StopWaker waker_;
};

/// Opens a host path for reading; does not wait for who will write to a fifo, so that reading does,
/// and can be stopped. Throws: SystemError.
UniqueFd open_for_reading(const std::string& path);
/// Opens a fifo for writing when somebody reads from it. Blocks until then. Throws: CancelledError,
/// SystemError.
UniqueFd open_fifo_for_writing(const std::string& path, std::stop_token stop);

}  // namespace ibuild::base
