#include "sandbox/channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace ibuild::sandbox {

namespace {

constexpr std::size_t kPacketBytes = 32 << 10;  // well below the kernel's default send buffer
constexpr std::size_t kPacketFds = 64;          // the kernel takes 253 (SCM_MAX_FD)
constexpr char kMore = 1;
constexpr char kLast = 0;

struct ControlBuffer {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kPacketFds * sizeof(int))> bytes{};
};

/// msghdr of one packet: a flag byte, then the payload.
msghdr packet_header(std::array<iovec, 2>& parts, char& flag, void* payload, std::size_t size) {
  parts = {{{&flag, 1}, {payload, size}}};
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  return header;
}

void attach_fds(msghdr& header, ControlBuffer& control, std::span<const int> fds) {
  if (fds.empty()) return;
  header.msg_control = control.bytes.data();
  header.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* message = CMSG_FIRSTHDR(&header);
  message->cmsg_level = SOL_SOCKET;
  message->cmsg_type = SCM_RIGHTS;
  message->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(message), fds.data(), fds.size_bytes());
}

void take_fds(msghdr& header, std::vector<base::UniqueFd>& into) {
  for (cmsghdr* message = CMSG_FIRSTHDR(&header); message != nullptr;
       message = CMSG_NXTHDR(&header, message)) {
    if (message->cmsg_level != SOL_SOCKET || message->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (message->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(message) + i * sizeof(int), sizeof fd);
      into.emplace_back(fd);
    }
  }
}

/// False at the end of the stream.
bool receive_packet(int fd, Frame& frame, char& flag) {
  std::array<char, kPacketBytes> payload;
  std::array<iovec, 2> parts;
  ControlBuffer control;
  msghdr header = packet_header(parts, flag, payload.data(), payload.size());
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  ssize_t size = -1;
  do {
    size = ::recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  // A peer that died without reading all we said.
  if (size == 0 || (size < 0 && errno == ECONNRESET)) return false;
  if (size < 0) throw base::SystemError("receive", "");
  take_fds(header, frame.fds);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    throw base::ContentError("message was cut off");
  }
  frame.bytes.append(payload.data(), static_cast<std::size_t>(size) - 1);
  return true;
}

}  // namespace

std::pair<Channel, Channel> Channel::open_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw base::SystemError("make socket pair", "");
  }
  return {Channel(base::UniqueFd(ends[0])), Channel(base::UniqueFd(ends[1]))};
}

void Channel::send(std::string_view bytes, std::span<const int> fds) const {
  if (bytes.size() > kFrameCapBytes || fds.size() > kFrameFdsCap) {
    throw base::Error("message of " + std::to_string(bytes.size()) + " bytes and " +
                      std::to_string(fds.size()) + " descriptors is too large");
  }
  do {
    const std::string_view payload = bytes.substr(0, kPacketBytes);
    const std::span<const int> some_fds = fds.first(std::min(fds.size(), kPacketFds));
    bytes.remove_prefix(payload.size());
    fds = fds.subspan(some_fds.size());
    char flag = bytes.empty() && fds.empty() ? kLast : kMore;
    std::array<iovec, 2> parts;
    ControlBuffer control;
    msghdr header = packet_header(parts, flag, const_cast<char*>(payload.data()), payload.size());
    attach_fds(header, control, some_fds);
    while (::sendmsg(fd_.get(), &header, MSG_NOSIGNAL) < 0) {
      if (errno != EINTR) throw base::SystemError("send", "");
    }
  } while (!bytes.empty() || !fds.empty());
}

std::optional<Frame> Channel::receive() const {
  Frame frame;
  char flag = kMore;
  for (bool first = true; flag == kMore; first = false) {
    if (!receive_packet(fd_.get(), frame, flag)) {
      if (first) return std::nullopt;
      throw base::ContentError("message was cut off");
    }
    if (frame.bytes.size() > kFrameCapBytes || frame.fds.size() > kFrameFdsCap) {
      throw base::ContentError("message is too large");
    }
  }
  return frame;
}

}  // namespace ibuild::sandbox
