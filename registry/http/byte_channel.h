#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/stream.h"
#include "base/unique_fd.h"

namespace ibuild::registry {

/// What one attempt to read or write without blocking came to.
struct IoStep {
  enum class Outcome { moved, want_read, want_write, closed };
  Outcome outcome = Outcome::moved;
  std::size_t count = 0;  // bytes moved
};

/// A connection's bytes, plain or through TLS. Never blocks: the caller waits on fd() for what a
/// step wants.
class ByteChannel {
 public:
  virtual ~ByteChannel() = default;
  virtual int fd() const = 0;
  /// `closed` is the end that the other side gave. Throws: TransportError.
  virtual IoStep try_read(std::span<std::byte> buffer) = 0;
  /// `closed`: nobody takes bytes any more; an answer may still be there to read. Throws:
  /// TransportError.
  virtual IoStep try_write(base::Bytes bytes) = 0;
};

/// The bytes of a connected non-blocking socket as they are. Raises no SIGPIPE.
std::unique_ptr<ByteChannel> make_plain_channel(base::UniqueFd socket);

}  // namespace ibuild::registry
