#include "registry/http/byte_channel.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/error.h"
#include "registry/http/http_transport.h"

namespace ibuild::registry {

namespace {

class PlainChannel : public ByteChannel {
 public:
  explicit PlainChannel(base::UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const override { return socket_.get(); }

  IoStep try_read(std::span<std::byte> buffer) override {
    const ssize_t count = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (count > 0) return {IoStep::Outcome::moved, static_cast<std::size_t>(count)};
    if (count == 0) return {IoStep::Outcome::closed, 0};
    if (errno == EAGAIN || errno == EINTR) return {IoStep::Outcome::want_read, 0};
    throw broken("read from connection");
  }

  IoStep try_write(base::Bytes bytes) override {
    const ssize_t count = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) return {IoStep::Outcome::moved, static_cast<std::size_t>(count)};
    if (errno == EAGAIN || errno == EINTR) return {IoStep::Outcome::want_write, 0};
    if (errno == EPIPE || errno == ECONNRESET) return {IoStep::Outcome::closed, 0};
    throw broken("write to connection");
  }

 private:
  static TransportError broken(const char* call) {
    return {TransportFailure::closed, base::SystemError(call, "").what()};
  }

  base::UniqueFd socket_;
};

}  // namespace

std::unique_ptr<ByteChannel> make_plain_channel(base::UniqueFd socket) {
  return std::make_unique<PlainChannel>(std::move(socket));
}

}  // namespace ibuild::registry
