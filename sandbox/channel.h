#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace ibuild::sandbox {

/// A message between two of our own processes, with the descriptors that came along.
struct Frame {
  std::string bytes;
  std::vector<base::UniqueFd> fds;
};

/// One end of a socket pair that carries frames of any size. Large ones travel as several packets.
class Channel {
 public:
  /// Largest frame taken: far more than execve(2) takes as arguments and environment.
  static constexpr std::size_t kFrameCapBytes = 16 << 20;
  /// Most descriptors in a frame.
  static constexpr std::size_t kFrameFdsCap = 1024;

  explicit Channel(base::UniqueFd fd) : fd_(std::move(fd)) {}
  /// Two connected ends, close-on-exec. Throws: SystemError.
  static std::pair<Channel, Channel> open_pair();

  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }
  /// The descriptors stay the caller's. Throws: SystemError, with EPIPE when nobody is at the other
  /// end; Error above the caps.
  void send(std::string_view bytes, std::span<const int> fds = {}) const;
  /// The next frame; none when the other end is closed.
  /// Blocks. Throws: SystemError; ContentError when the frame is cut off or above the caps.
  std::optional<Frame> receive() const;

 private:
  base::UniqueFd fd_;
};

}  // namespace ibuild::sandbox
