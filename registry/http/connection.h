#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/stream.h"
#include "registry/http/byte_channel.h"
#include "registry/http/http_transport.h"
#include "registry/http/io_wait.h"

namespace ibuild::registry {

/// How long an operation on a connection may wait, and what it is called when that is too long.
struct WaitLimit {
  const StopWaker& waker;
  std::chrono::milliseconds timeout;
  TransportFailure on_timeout = TransportFailure::stalled;
};

/// A channel with waiting. Not for several threads at once.
class Connection {
 public:
  explicit Connection(std::unique_ptr<ByteChannel> channel) : channel_(std::move(channel)) {}

  /// At least one byte; 0 only at the end. Throws: TransportError, base::CancelledError.
  std::size_t read(std::span<std::byte> buffer, const WaitLimit& limit);
  /// False when the other side answers or hangs up before it has taken everything.
  [[nodiscard]] bool write(base::Bytes bytes, const WaitLimit& limit);
  /// Whether the idle connection can be used: nothing came, not even its end.
  bool is_quiet();
  /// The channel, to put TLS over it. Requires: nothing is buffered.
  std::unique_ptr<ByteChannel> take_channel() { return std::move(channel_); }

 private:
  /// Takes what has arrived, without waiting. True when there is something to read, be it the end.
  bool poll_input();

  std::unique_ptr<ByteChannel> channel_;
  std::vector<std::byte> early_;  // arrived while writing
  bool ended_ = false;
};

/// Waits for what a step that moved nothing wants. Throws: TransportError with the limit's failure
/// at the time-out.
void wait_for_step(const ByteChannel& channel, const IoStep& step, const WaitLimit& limit);

/// Reads the answer of a connection: the first bytes may take longer than the following ones.
class AnswerSource : public base::ByteSource {
 public:
  AnswerSource(Connection& connection, const WaitLimit& first, const WaitLimit& following)
      : connection_(connection), first_(first), following_(following) {}
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  Connection& connection_;
  WaitLimit first_;
  WaitLimit following_;
  bool started_ = false;
};

}  // namespace ibuild::registry
