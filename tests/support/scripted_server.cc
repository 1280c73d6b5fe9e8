#include "tests/support/scripted_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::test {

namespace {

constexpr int kPollMs = 20;  // how soon a stop is seen

std::pair<base::UniqueFd, int> bind_any_port() {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (!fd || ::bind(fd.get(), raw, size) != 0 || ::getsockname(fd.get(), raw, &size) != 0) {
    throw base::SystemError("bind", "127.0.0.1");
  }
  return {std::move(fd), ntohs(address.sin_port)};
}

std::size_t content_length(const std::string& head) {
  const std::string lower = base::to_lower(head);
  const std::size_t at = lower.find("content-length:");
  if (at == std::string::npos) return 0;
  const std::size_t end = lower.find('\r', at);
  return static_cast<std::size_t>(
      base::parse_u64(base::trim(std::string_view(lower).substr(at + 15, end - at - 15))).value());
}

}  // namespace

bool Conversation::wait_readable() {
  while (!stop_.stop_requested()) {
    pollfd entry{socket_.get(), POLLIN, 0};
    if (::poll(&entry, 1, kPollMs) > 0) return true;
  }
  return false;
}

bool Conversation::fill() {
  char buffer[65536];
  if (!wait_readable()) return false;
  const ssize_t count = ::recv(socket_.get(), buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  buffered_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

std::string Conversation::read_head() {
  while (buffered_.find("\r\n\r\n") == std::string::npos) {
    if (!fill()) return {};
  }
  const std::size_t size = buffered_.find("\r\n\r\n") + 4;
  std::string head = buffered_.substr(0, size);
  buffered_.erase(0, size);
  return head;
}

void Conversation::read_some(std::size_t size) {
  while (buffered_.size() < size && fill()) {
  }
  buffered_.erase(0, std::min(size, buffered_.size()));
}

std::string Conversation::read_body(const std::string& head) {
  const std::size_t size = content_length(head);
  while (buffered_.size() < size && fill()) {
  }
  std::string body = buffered_.substr(0, size);
  buffered_.erase(0, body.size());
  return body;
}

std::string Conversation::read_request() {
  std::string head = read_head();
  std::string body = read_body(head);
  return head + body;
}

bool Conversation::pause(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!stop_.stop_requested() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::min(time, std::chrono::milliseconds(kPollMs)));
  }
  return !stop_.stop_requested();
}

bool Conversation::write(const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t count = ::send(socket_.get(), bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (count <= 0) return false;
    at += static_cast<std::size_t>(count);
  }
  return true;
}

void Conversation::answer(const std::string& status_line, const std::string& body,
                          const std::string& extra_headers) {
  write("HTTP/1.1 " + status_line + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
        extra_headers + "\r\n" + body);
}

void Conversation::reset() {
  const linger hard{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  socket_.reset();
}

void Conversation::tunnel_to(int port) {
  read_head();
  const base::UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw base::SystemError("connect", "127.0.0.1");
  }
  write("HTTP/1.1 200 Connection established\r\n\r\n");
  const auto pass = [](int from, int to) {
    char buffer[65536];
    const ssize_t count = ::recv(from, buffer, sizeof buffer, 0);
    return count > 0 && ::send(to, buffer, static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
  };
  while (!stop_.stop_requested()) {
    pollfd ends[2] = {{socket_.get(), POLLIN, 0}, {server.get(), POLLIN, 0}};
    if (::poll(ends, 2, kPollMs) <= 0) continue;
    if (ends[0].revents != 0 && !pass(socket_.get(), server.get())) return;
    if (ends[1].revents != 0 && !pass(server.get(), socket_.get())) return;
  }
}

void Conversation::stay_silent() {
  while (fill()) {
  }
}

ScriptedServer::ScriptedServer(std::vector<Script> scripts) : scripts_(std::move(scripts)) {
  std::tie(listener_, port_) = bind_any_port();
  if (::listen(listener_.get(), 64) != 0) throw base::SystemError("listen", host());
  accepting_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

ScriptedServer::~ScriptedServer() {
  accepting_.request_stop();
  accepting_.join();
  for (std::jthread& thread : talking_) thread.request_stop();
  talking_.clear();
}

int ScriptedServer::connections() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

void ScriptedServer::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    pollfd entry{listener_.get(), POLLIN, 0};
    if (::poll(&entry, 1, kPollMs) <= 0) continue;
    base::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) continue;
    std::size_t index = 0;
    {
      const std::lock_guard lock(mutex_);
      index = std::min(static_cast<std::size_t>(taken_++), scripts_.size() - 1);
    }
    talking_.emplace_back(
        [script = scripts_[index], fd = std::move(socket)](std::stop_token own_stop) mutable {
          Conversation conversation(std::move(fd), own_stop);
          script(conversation);
        });
  }
}

int dead_port() { return bind_any_port().second; }

}  // namespace ibuild::test
