#include "registry/http/connection.h"

#include <algorithm>

namespace ibuild::registry {

namespace {

using Outcome = IoStep::Outcome;

constexpr std::size_t kEarlyBytes = 16 << 10;

[[noreturn]] void fail_timeout(const WaitLimit& limit) {
  const std::string span = " for " + std::to_string(limit.timeout.count()) + " ms";
  const bool unanswered = limit.on_timeout == TransportFailure::first_byte_timeout;
  throw TransportError(limit.on_timeout,
                       (unanswered ? "the server gave no answer" : "no bytes flowed") + span);
}

void wait_or_fail(int fd, short events, const WaitLimit& limit) {
  if (wait_for(fd, events, limit.timeout, limit.waker) == 0) fail_timeout(limit);
}

}  // namespace

void wait_for_step(const ByteChannel& channel, const IoStep& step, const WaitLimit& limit) {
  wait_or_fail(channel.fd(), step.outcome == Outcome::want_write ? POLLOUT : POLLIN, limit);
}

std::size_t Connection::read(std::span<std::byte> buffer, const WaitLimit& limit) {
  if (!early_.empty()) {
    const std::size_t count = std::min(buffer.size(), early_.size());
    std::copy_n(early_.begin(), count, buffer.begin());
    early_.erase(early_.begin(), early_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  while (!ended_) {
    limit.waker.check();
    const IoStep step = channel_->try_read(buffer);
    if (step.outcome == Outcome::moved) return step.count;
    if (step.outcome == Outcome::closed) {
      ended_ = true;
    } else {
      wait_for_step(*channel_, step, limit);
    }
  }
  return 0;
}

bool Connection::poll_input() {
  if (ended_ || !early_.empty()) return true;
  early_.resize(kEarlyBytes);
  const IoStep step = channel_->try_read(early_);
  early_.resize(step.count);
  if (step.outcome == Outcome::closed) ended_ = true;
  return ended_ || step.count > 0;
}

bool Connection::write(base::Bytes bytes, const WaitLimit& limit) {
  while (!bytes.empty()) {
    limit.waker.check();
    if (poll_input()) return false;
    const IoStep step = channel_->try_write(bytes);
    if (step.outcome == Outcome::closed) return false;
    if (step.outcome == Outcome::moved) {
      bytes = bytes.subspan(step.count);
    } else {
      // Input wakes us as well: an early answer is what a server that refuses an upload sends.
      wait_or_fail(channel_->fd(), POLLIN | (step.outcome == Outcome::want_write ? POLLOUT : 0),
                   limit);
    }
  }
  return true;
}

bool Connection::is_quiet() {
  try {
    return !poll_input();
  } catch (const TransportError&) {
    return false;
  }
}

std::size_t AnswerSource::read(std::span<std::byte> buffer) {
  const std::size_t count = connection_.read(buffer, started_ ? following_ : first_);
  started_ = true;
  return count;
}

}  // namespace ibuild::registry
