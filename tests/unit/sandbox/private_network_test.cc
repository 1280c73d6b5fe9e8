// NetworkMode::own: a network of the step's own, connected by pasta.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "base/scope_exit.h"
#include "base/text.h"
#include "sandbox/user_namespace.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

bool can_have_network() {
  const sandbox::ProfileProbe probe = sandbox::probe_private_network();
  return can_run("pasta", probe.usable, probe.reason) && can_run_steps();
}

/// A socket that listens on the loopback of the host.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket_.get(), 5) == 0);
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    greeter_ = std::thread([this] {  // ends every connection at once
      for (;;) {
        const base::UniqueFd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection) return;
      }
    });
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    greeter_.join();
  }
  std::string port() const { return std::to_string(port_); }

 private:
  base::UniqueFd socket_;
  unsigned port_ = 0;
  std::thread greeter_;
};

TEST_CASE("private network: there is a way out and none to the host", "[step]") {
  if (!can_have_network()) return;
  StepFixture steps;
  const Listener host;
  const std::string connect = "busybox nc -w 2 127.0.0.1 " + host.port() + " < /dev/null || exit 1";
  auto spec = steps.shell(connect);
  CHECK(steps.run(spec).status.success());  // with the host's network
  spec.network = sandbox::NetworkMode::own;
  CHECK_FALSE(steps.run(spec).status.success());
  spec.argv[2] =
      "busybox ip route | busybox grep -c default; "
      "gate=$(busybox ip route | busybox awk '/default/ {print $3}'); "
      "busybox nc -w 2 $gate " +
      host.port() + " < /dev/null && echo reached the host; busybox ip -4 addr show lo";
  const StepResult result = steps.run(spec);
  INFO(result.out << result.err);
  CHECK(result.out.starts_with("1\n"));
  CHECK(result.out.find("reached") == std::string::npos);
  CHECK(result.out.find("127.0.0.1") != std::string::npos);
}

TEST_CASE("private network: its helper ends with the step", "[step][own-pids]") {
  if (!can_have_network()) return;
  // A pasta that says which process it is.
  const base::TempDir tools = make_scratch_dir();
  const std::string path = std::getenv("PATH");
  base::write_file_atomically(tools.dir(), base::RelPath::exact("pasta"),
                              "#!/bin/sh\necho $$ > '" + tools.host_path() + "/pid'\nPATH='" +
                                  path + "' exec pasta \"$@\"\n");
  REQUIRE(::fchmodat(tools.dir().get(), "pasta", 0755, 0) == 0);
  REQUIRE(::setenv("PATH", (tools.host_path() + ":" + path).c_str(), 1) == 0);
  const base::ScopeExit restore([&] { ::setenv("PATH", path.c_str(), 1); });
  StepFixture steps;
  steps.add_standard_directories();
  auto spec = steps.shell("busybox ps -o comm | busybox grep -c pas; exit 3");  // nor is it seen
  spec.network = sandbox::NetworkMode::own;
  const StepResult result = steps.run(spec);
  CHECK(result.status.code == 3);
  CHECK(result.out == "0\n");
  const auto pid =
      base::parse_u64(base::trim(base::read_file_at(tools.dir(), base::RelPath::exact("pid"), 64)));
  REQUIRE(pid);
  CHECK(::kill(static_cast<pid_t>(*pid), 0) != 0);
}

TEST_CASE("private network: without pasta the package is named", "[step]") {
  if (!can_run_steps()) return;
  const std::string path = std::getenv("PATH");
  REQUIRE(::setenv("PATH", "/nonexistent", 1) == 0);
  const base::ScopeExit restore([&] { ::setenv("PATH", path.c_str(), 1); });
  StepFixture steps;
  auto spec = steps.shell("true");
  spec.network = sandbox::NetworkMode::own;
  CHECK_THROWS_WITH(steps.run(spec), Catch::Contains("install the package passt"));
  CHECK_THAT(sandbox::probe_private_network().reason, Catch::Contains("passt"));
}

}  // namespace
}  // namespace ibuild::test
