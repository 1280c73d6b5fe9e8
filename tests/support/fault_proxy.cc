#include "tests/support/fault_proxy.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::test {

namespace {

/// Lines of header fields whose name is `name` go.
std::string without_field(const std::string& fields, const std::string& name) {
  std::string result;
  for (std::size_t at = 0; at < fields.size();) {
    const std::size_t end = std::min(fields.find("\r\n", at), fields.size() - 2) + 2;
    const std::string line = fields.substr(at, end - at);
    if (!base::iequals(line.substr(0, line.find(':')), name)) result += line;
    at = end;
  }
  return result;
}

std::string field_of(const std::string& fields, const std::string& name) {
  for (const std::string_view line : base::split(fields, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && base::iequals(line.substr(0, colon), name))
      return std::string(base::trim(line.substr(colon + 1)));
  }
  return {};
}

base::UniqueFd connect_to(int port) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw base::SystemError("connect", "127.0.0.1:" + std::to_string(port));
  }
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;  // the server may answer and hang up before it has read all
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string receive_all(int fd) {
  std::string result;
  char buffer[65536];
  while (true) {
    const ssize_t count = ::recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0) return result;
    result.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

void WireAnswer::set(const std::string& name, const std::optional<std::string>& value) {
  fields = without_field(fields, name);
  if (value) fields += name + ": " + *value + "\r\n";
}

std::string WireAnswer::value_of(const std::string& name) const { return field_of(fields, name); }

int WireAnswer::status() const {
  return status_line.size() < 12 ? 0 : std::stoi(status_line.substr(9, 3));
}

std::string Exchange::line() const {
  const std::string first = head_.substr(0, head_.find('\r'));
  return first.substr(0, std::min(first.find('?'), first.rfind(' ')));
}

/// With "Connection: close", so that the end of the answer needs no looking for.
std::string Exchange::server_request() const {
  const std::size_t end = head_.find("\r\n") + 2;
  std::string fields = head_.substr(end, head_.size() - end - 2);
  fields = without_field(fields, "Connection");
  return head_.substr(0, end) + fields + "Connection: close\r\n\r\n";
}

void Exchange::drop(const std::string& field) {
  const std::size_t end = head_.find("\r\n") + 2;
  const std::string fields = head_.substr(end, head_.size() - end - 2);
  head_ = head_.substr(0, end) + without_field(fields, field) + "\r\n";
}

void Exchange::swallow() {
  if (body_read_) return;
  body_read_ = true;
  body_ = client_.read_body(head_);
  const std::string length = field_of(head_.substr(head_.find('\n') + 1), "Content-Length");
  whole_body_ = length.empty() || length == std::to_string(body_.size());
}

WireAnswer Exchange::forward() {
  swallow();
  const base::UniqueFd server = connect_to(server_port_);
  send_all(server.get(), server_request() + body_);
  if (!whole_body_) ::shutdown(server.get(), SHUT_WR);  // the client has gone in the middle of it
  const std::string all = receive_all(server.get());
  const std::size_t first = all.find("\r\n");
  const std::size_t end = all.find("\r\n\r\n");
  if (end == std::string::npos) throw base::Error("the server behind the proxy gave no answer");
  WireAnswer answer{.status_line = all.substr(0, first),
                    .fields = all.substr(first + 2, end - first),
                    .body = all.substr(end + 4)};
  answer.set("Connection", std::nullopt);
  return answer;
}

void Exchange::forward_part(std::size_t body_bytes) {
  swallow();
  const base::UniqueFd server = connect_to(server_port_);
  send_all(server.get(), server_request() + body_.substr(0, body_bytes));
  ::shutdown(server.get(), SHUT_WR);
  receive_all(server.get());  // until it has dealt with what it got
}

FaultProxy::FaultProxy(int server_port)
    : server_port_(server_port), server_({[this](Conversation& client) { talk(client); }}) {}

void FaultProxy::begin(Plan plan) {
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
  heads_.clear();
}

std::vector<std::string> FaultProxy::heads() const {
  const std::lock_guard lock(mutex_);
  return heads_;
}

std::vector<std::string> FaultProxy::seen() const {
  std::vector<std::string> lines;
  for (const std::string& head : heads()) {
    const std::string first = head.substr(0, head.find('\r'));
    lines.push_back(first.substr(0, std::min(first.find('?'), first.rfind(' '))));
  }
  return lines;
}

void FaultProxy::talk(Conversation& client) {
  while (client.is_open()) {
    const std::string head = client.read_head();
    if (head.empty()) return;
    std::optional<Exchange> exchange;
    Fault fault;
    {
      const std::lock_guard lock(mutex_);
      exchange.emplace(heads_.size(), head, client, server_port_);
      heads_.push_back(head);
      if (plan_) fault = plan_(exchange->number(), exchange->line());
    }
    if (fault) {
      fault(*exchange);
    } else {
      exchange->answer(exchange->forward());
    }
  }
}

}  // namespace ibuild::test
