#include "registry/http/tcp_connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/text.h"
#include "registry/http/http_transport.h"

namespace ibuild::registry {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// RFC 8305 section 8: "Connection Attempt Delay"
constexpr milliseconds kNextAttemptDelay{250};

/// Addresses with the families taking turns, beginning with that of the first. RFC 8305 section 4.
std::vector<SocketAddress> interleave_families(const std::vector<SocketAddress>& addresses) {
  std::vector<SocketAddress> first, second, result;
  for (const SocketAddress& address : addresses) {
    (address.family() == addresses[0].family() ? first : second).push_back(address);
  }
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) result.push_back(first[i]);
    if (i < second.size()) result.push_back(second[i]);
  }
  return result;
}

/// The attempts to reach one host.
class ConnectRace {
 public:
  ConnectRace(std::vector<SocketAddress> addresses, const std::string& shown_as)
      : addresses_(std::move(addresses)), shown_as_(base::printable(shown_as)) {}

  base::UniqueFd run(milliseconds timeout, const StopWaker& waker) {
    const auto deadline = Clock::now() + timeout;
    while (true) {
      if (base::UniqueFd won = start_next()) return won;
      if (attempts_.empty() && next_ == addresses_.size()) fail();
      const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
      if (left.count() <= 0) {
        throw TransportError(TransportFailure::connect_timeout,
                             "connect to " + shown_as_ + ": no answer within " +
                                 std::to_string(timeout.count()) + " ms");
      }
      const bool more = next_ < addresses_.size();
      if (base::UniqueFd won = wait(more ? std::min(left, kNextAttemptDelay) : left, waker)) {
        return won;
      }
    }
  }

 private:
  struct Attempt {
    base::UniqueFd fd;
    const SocketAddress* address;
  };

  /// Starts the attempt that is due; the socket when it is connected at once.
  base::UniqueFd start_next() {
    while (next_ < addresses_.size()) {
      const SocketAddress& address = addresses_[next_++];
      base::UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      if (!fd) {
        note_failure(address, errno);
        continue;
      }
      const int on = 1;
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const auto* raw = reinterpret_cast<const sockaddr*>(&address.storage);
      if (::connect(fd.get(), raw, address.size_bytes) == 0) return fd;
      if (errno == EINPROGRESS) {
        attempts_.push_back({std::move(fd), &address});
        return {};
      }
      note_failure(address, errno);
    }
    return {};
  }

  /// The first attempt that succeeds within `timeout`; the failed ones are struck off.
  base::UniqueFd wait(milliseconds timeout, const StopWaker& waker) {
    std::vector<pollfd> fds;
    for (const Attempt& attempt : attempts_) fds.push_back({attempt.fd.get(), POLLOUT, 0});
    if (!wait_for_any(fds, timeout, waker)) return {};
    for (std::size_t i = fds.size(); i-- > 0;) {
      if (fds[i].revents == 0) continue;
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(fds[i].fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error == 0) return std::move(attempts_[i].fd);
      note_failure(*attempts_[i].address, error);
      attempts_.erase(attempts_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return {};
  }

  void note_failure(const SocketAddress& address, int error_number) {
    if (!failure_.empty()) return;  // the first tells most
    failure_ = base::SystemError(error_number, "connect to " + shown_as_, "(" + address.str() + ")")
                   .what();
  }

  [[noreturn]] void fail() {
    throw TransportError(TransportFailure::connect,
                         failure_.empty() ? "no address of " + shown_as_ : failure_);
  }

  std::vector<SocketAddress> addresses_;
  std::string shown_as_;
  std::size_t next_ = 0;
  std::vector<Attempt> attempts_;
  std::string failure_;
};

}  // namespace

base::UniqueFd connect_tcp(const std::vector<SocketAddress>& addresses, const std::string& shown_as,
                           milliseconds timeout, const StopWaker& waker) {
  return ConnectRace(interleave_families(addresses), shown_as).run(timeout, waker);
}

}  // namespace ibuild::registry
