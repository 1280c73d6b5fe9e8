#include "builder/ops/ssh_agent_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/synchronized.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using builder::SshAgent;
using builder::SshAgentProxy;

namespace {

std::string message(const std::string& body) {
  return std::string({0, 0, 0, static_cast<char>(body.size())}) + body;
}
const std::string kRefusal = message("\x05");

std::string read_bytes(int fd, std::size_t size) {
  std::string bytes(size, '\0');
  const auto got = ::recv(fd, bytes.data(), size, MSG_WAITALL);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

std::string read_message(int fd) {
  std::string bytes = read_bytes(fd, 4);
  if (bytes.size() == 4) bytes += read_bytes(fd, static_cast<unsigned char>(bytes[3]));
  return bytes;
}

/// Answers each message with its body behind "agent:", and remembers the messages.
class FakeAgent {
 public:
  FakeAgent() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_.get(), 8) == 0);
    thread_ = std::jthread([this] { serve(); });
  }
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;
  ~FakeAgent() { ::shutdown(listener_.get(), SHUT_RDWR); }
  std::string path() const { return dir_.host_path() + "/real"; }
  std::vector<std::string> heard() { return *heard_.lock(); }

 private:
  void serve() {
    for (;;) {
      const base::UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer) return;
      for (auto text = read_message(peer.get()); text.size() > 4; text = read_message(peer.get())) {
        heard_.lock()->push_back(text);
        const std::string answer = message("agent:" + text.substr(4));
        ::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      }
    }
  }

  base::TempDir dir_ = test::make_scratch_dir();
  base::UniqueFd listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  base::Synchronized<std::vector<std::string>> heard_;
  std::jthread thread_;
};

base::UniqueFd connect_to(const SshAgentProxy& proxy) {
  return builder::connect_to_socket("/proc/self/fd/" + std::to_string(proxy.socket()));
}

std::string ask(int fd, const std::string& question) {
  ::send(fd, question.data(), question.size(), MSG_NOSIGNAL);
  return read_message(fd);
}

}  // namespace

TEST_CASE("ssh_agent_proxy: keys can be listed and used, nothing else", "[builder]") {
  FakeAgent agent;
  const base::TempDir temp = test::make_scratch_dir();
  const SshAgentProxy proxy({agent.path(), SshAgent::Access::keys}, {}, temp.dir());
  const auto step = connect_to(proxy);
  const std::string list = message("\x0b");
  const std::string sign = message("\x0dkey data");
  CHECK(ask(step.get(), list) == message("agent:\x0b"));
  CHECK(ask(step.get(), sign) == message("agent:\x0dkey data"));
  // Add, remove, remove all, lock, unlock, extension.
  for (const char type : {'\x11', '\x12', '\x13', '\x16', '\x17', '\x19', '\x1b'}) {
    CHECK(ask(step.get(), message(std::string({type, 'x'}))) == kRefusal);
  }
  CHECK(ask(step.get(), list) == message("agent:\x0b"));
  CHECK(agent.heard() == std::vector<std::string>{list, sign, list});
}

TEST_CASE("ssh_agent_proxy: a raw agent gets everything", "[builder]") {
  FakeAgent agent;
  const base::TempDir temp = test::make_scratch_dir();
  const SshAgentProxy proxy({agent.path(), SshAgent::Access::all}, {}, temp.dir());
  const auto step = connect_to(proxy);
  CHECK(ask(step.get(), message("\x13")) == message("agent:\x13"));
}

TEST_CASE("ssh_agent_proxy: several connections at once", "[builder]") {
  FakeAgent one;
  const base::TempDir temp = test::make_scratch_dir();
  const SshAgentProxy proxy({one.path(), SshAgent::Access::keys}, {}, temp.dir());
  {
    const auto idle = connect_to(proxy);
    CHECK(ask(idle.get(), message("\x11")) == kRefusal);
    const auto busy = connect_to(proxy);
    CHECK(ask(busy.get(), message("\x11")) == kRefusal);
  }
  const auto later = connect_to(proxy);
  CHECK(ask(later.get(), message("\x0b")) == message("agent:\x0b"));
}

TEST_CASE("ssh_agent_proxy: a message longer than messages are ends the connection", "[builder]") {
  FakeAgent agent;
  const base::TempDir temp = test::make_scratch_dir();
  const SshAgentProxy proxy({agent.path(), SshAgent::Access::keys}, {}, temp.dir());
  const auto step = connect_to(proxy);
  CHECK(ask(step.get(), "\x7f\xff\xff\xff\x0b").empty());
  CHECK(agent.heard().empty());
}

TEST_CASE("ssh_agent_proxy: without an agent behind it a connection ends", "[builder]") {
  const base::TempDir temp = test::make_scratch_dir();
  const SshAgentProxy proxy({"/no/such/socket", SshAgent::Access::keys}, {}, temp.dir());
  const auto step = connect_to(proxy);
  CHECK(read_bytes(step.get(), 1).empty());
}

TEST_CASE("ssh_agent_proxy: the socket has mode and place, and goes with the proxy", "[builder]") {
  FakeAgent agent;
  const base::TempDir temp = test::make_scratch_dir();
  base::UniqueFd open_connection;
  {
    const SshAgentProxy proxy({agent.path(), SshAgent::Access::keys}, {.mode = 0640}, temp.dir());
    struct stat info {};
    REQUIRE(::fstat(proxy.socket(), &info) == 0);
    CHECK(S_ISSOCK(info.st_mode));
    CHECK((info.st_mode & 07777) == 0640);
    open_connection = connect_to(proxy);
    CHECK(ask(open_connection.get(), message("\x0b")) == message("agent:\x0b"));
  }
  CHECK(read_bytes(open_connection.get(), 1).empty());
  CHECK(base::list_dir(temp.dir()).empty());
}
