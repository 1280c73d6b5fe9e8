#include "builder/ops/ssh_agent_proxy.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/owner_record.h"

namespace ibuild::builder {
namespace {

constexpr const char* kSocketName = "agent";
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kMaxMessageBytes = 256 << 10;  // as OpenSSH
constexpr unsigned char kFailure = 5;                // SSH_AGENT_FAILURE
constexpr unsigned char kRequestIdentities = 11;     // SSH_AGENTC_REQUEST_IDENTITIES
constexpr unsigned char kSignRequest = 13;           // SSH_AGENTC_SIGN_REQUEST

/// The address of a name in an open directory or of an open O_PATH descriptor: a socket's own path
/// may be longer than an address can hold.
sockaddr_un address_below(int fd, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(fd) + name;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

base::UniqueFd new_socket() {
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw base::SystemError("socket", "");
  return socket;
}

base::UniqueFd listen_in(const base::DirFd& dir) {
  base::UniqueFd socket = new_socket();
  const sockaddr_un address = address_below(dir.get(), std::string("/") + kSocketName);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0) {
    throw base::SystemError("listen on", dir.show(base::RelPath::exact(kSocketName)));
  }
  return socket;
}

void set_owner(const base::DirFd& dir, const SshAgentProxy::Owner& owner) {
  if (::fchmodat(dir.get(), kSocketName, owner.mode, 0) != 0)
    throw base::SystemError("chmod", "the agent's socket");
  // A socket can bear no record: the step is told.
  if (base::must_record_owners()) return;
  if (::fchownat(dir.get(), kSocketName, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    throw base::SystemError("give the agent's socket to",
                            std::to_string(owner.uid) + ":" + std::to_string(owner.gid));
  }
}

/// A socket whose reads and writes end when something is written to an eventfd.
class Wire {
 public:
  Wire(int fd, int stop_fd) : fd_(fd), stop_fd_(stop_fd) {}
  int fd() const { return fd_; }

  /// False at the end of the stream, after an error and when it is time to stop.
  bool read_exactly(std::span<char> into) const {
    while (!into.empty()) {
      const auto size = read_some(into);
      if (size == 0) return false;
      into = into.subspan(size);
    }
    return true;
  }
  std::size_t read_some(std::span<char> into) const {
    if (!wait_for(POLLIN)) return 0;
    const ssize_t size = ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return read_some(into);
    return size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  bool write_all(std::span<const char> bytes) const {
    while (!bytes.empty()) {
      if (!wait_for(POLLOUT)) return false;
      const ssize_t size = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (size <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(size));
    }
    return true;
  }

 private:
  bool wait_for(short what) const {
    std::array<pollfd, 2> events = {{{fd_, what, 0}, {stop_fd_, POLLIN, 0}}};
    while (::poll(events.data(), events.size(), -1) < 0) {
      if (errno != EINTR) return false;
    }
    return events[1].revents == 0;
  }

  int fd_;
  int stop_fd_;
};

/// A message with its length before it; none at the end, or when it is longer than messages are.
std::optional<std::string> read_message(const Wire& from) {
  std::string message(kLengthBytes, '\0');
  if (!from.read_exactly(message)) return std::nullopt;
  std::size_t size = 0;
  for (const char byte : message) size = size << 8 | static_cast<unsigned char>(byte);
  if (size == 0 || size > kMaxMessageBytes) return std::nullopt;
  message.resize(kLengthBytes + size);
  if (!from.read_exactly(std::span(message).subspan(kLengthBytes))) return std::nullopt;
  return message;
}

bool only_uses_keys(const std::string& message) {
  const auto type = static_cast<unsigned char>(message[kLengthBytes]);
  return type == kRequestIdentities || type == kSignRequest;
}

/// Question and answer, one after the other, until one side has enough.
void serve_keys(const Wire& step, const Wire& agent) {
  const std::string refusal = {0, 0, 0, 1, static_cast<char>(kFailure)};
  while (const auto question = read_message(step)) {
    std::optional<std::string> answer = refusal;
    if (only_uses_keys(*question)) {
      if (!agent.write_all(*question)) return;
      answer = read_message(agent);
    }
    if (!answer || !step.write_all(*answer)) return;
  }
}

void pass_on(const Wire& from, const Wire& to) {
  std::array<char, 4096> buffer;
  while (const std::size_t size = from.read_some(buffer)) {
    if (!to.write_all({buffer.data(), size})) break;
  }
  ::shutdown(to.fd(), SHUT_WR);
}

void serve_all(const Wire& step, const Wire& agent) {
  const std::jthread back([&] { pass_on(agent, step); });
  pass_on(step, agent);
}

}  // namespace

base::UniqueFd connect_to_socket(const std::string& path) {
  const base::UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place) throw base::SystemError("open", path);
  base::UniqueFd socket = new_socket();
  const sockaddr_un address = address_below(place.get(), "");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw base::SystemError("connect to", path);
  return socket;
}

/// Accepts on one thread, and gives each connection one of its own.
class SshAgentProxy::Server {
 public:
  Server(SshAgent agent, base::UniqueFd listener)
      : agent_(std::move(agent)),
        listener_(std::move(listener)),
        stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!stop_event_) throw base::SystemError("eventfd", "");
    thread_ = std::jthread([this] { accept_all(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { ::eventfd_write(stop_event_.get(), 1); }

 private:
  struct Connection {
    std::atomic<bool> ended{false};
    std::jthread thread;
  };

  void accept_all() {
    std::list<Connection> connections;
    for (;;) {
      std::array<pollfd, 2> events = {
          {{listener_.get(), POLLIN, 0}, {stop_event_.get(), POLLIN, 0}}};
      if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) return;
      if (events[1].revents != 0) return;
      base::UniqueFd step(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      connections.remove_if([](const Connection& connection) { return connection.ended.load(); });
      if (step && connections.size() < kMaxConnections) start(connections, std::move(step));
    }
  }

  void start(std::list<Connection>& connections, base::UniqueFd step) {
    Connection& connection = connections.emplace_back();
    try {
      connection.thread = std::jthread([this, &connection, step = std::move(step)] {
        serve(step.get());
        connection.ended = true;
      });
    } catch (const std::system_error&) {
      connections.pop_back();  // no thread can be had: the step sees a closed connection
    }
  }

  /// What goes wrong with the agent closes the connection: an ssh client has words for that.
  void serve(int step_fd) const {
    try {
      const base::UniqueFd agent_fd = connect_to_socket(agent_.socket_path);
      const Wire step(step_fd, stop_event_.get());
      const Wire agent(agent_fd.get(), stop_event_.get());
      if (agent_.access == SshAgent::Access::all) return serve_all(step, agent);
      serve_keys(step, agent);
    } catch (const std::exception&) {
    }
  }

  SshAgent agent_;
  base::UniqueFd listener_;
  base::UniqueFd stop_event_;
  std::jthread thread_;  // last: joined before the rest goes
};

SshAgentProxy::SshAgentProxy(const SshAgent& agent, const Owner& owner, const base::DirFd& parent)
    : dir_(parent, "ssh-") {
  base::UniqueFd listener = listen_in(dir_.dir());
  set_owner(dir_.dir(), owner);
  socket_ = base::open_at(dir_.dir(), base::RelPath::exact(kSocketName), O_PATH);
  server_ = std::make_unique<Server>(agent, std::move(listener));
}

SshAgentProxy::~SshAgentProxy() = default;

}  // namespace ibuild::builder
