#include "cli/options_secrets.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/child.h"
#include "base/error.h"
#include "base/scope_exit.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using base::UsageError;
using builder::SshAgent;
using cli::make_secret_lookup;
using cli::make_ssh_agent_lookup;

namespace {

/// An environment variable for the time of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value, 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (before_) {
      setenv(name_, before_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// Files and a listening socket.
struct Places {
  Places() {
    base::write_file_atomically(dir.dir(), base::RelPath::exact("file"), "in a file\n");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  std::string file() const { return dir.host_path() + "/file"; }
  std::string socket_path() const { return dir.host_path() + "/socket"; }

  base::TempDir dir = test::make_scratch_dir();
  base::UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

}  // namespace

TEST_CASE("options_secrets: a secret is a file, a variable, or what its id names", "[cli]") {
  const Places places;
  const Variable variable("IBUILD_TEST_SECRET", "in a variable");
  const auto find =
      make_secret_lookup({"id=a,src=" + places.file(), "id=b,env=IBUILD_TEST_SECRET",
                          "id=c,type=env,src=IBUILD_TEST_SECRET", "id=IBUILD_TEST_SECRET",
                          "id=" + places.file(), "ID=d,Source=" + places.file() + ",type=file"});
  CHECK(find("a") == "in a file\n");
  CHECK(find("b") == "in a variable");
  CHECK(find("c") == "in a variable");
  CHECK(find("IBUILD_TEST_SECRET") == "in a variable");
  CHECK(find(places.file()) == "in a file\n");
  CHECK(find("d") == "in a file\n");
  CHECK_FALSE(find("e"));
}

TEST_CASE("options_secrets: without any there is no lookup; of equal ids the last one counts",
          "[cli]") {
  CHECK_FALSE(make_secret_lookup({}));
  const Places places;
  const Variable variable("IBUILD_TEST_SECRET", "v");
  CHECK(make_secret_lookup({"id=a,src=" + places.file(), "id=a,env=IBUILD_TEST_SECRET"})("a") ==
        "v");
  CHECK(cli::ids_of_secrets({"id=b,env=IBUILD_TEST_SECRET", "src=" + places.file() + ",id=a"}) ==
        std::vector<std::string>{"b", "a"});
}

TEST_CASE("options_secrets: a pipe is read once and remembered", "[cli]") {
  auto pipe = base::Pipe::open();
  base::FdSink(pipe.write_end.get()).write(base::as_bytes("through a pipe"));
  pipe.write_end.reset();
  const auto find =
      make_secret_lookup({"id=p,src=/proc/self/fd/" + std::to_string(pipe.read_end.get())});
  const auto copy = find;
  CHECK(find("p") == "through a pipe");
  CHECK(copy("p") == "through a pipe");
}

TEST_CASE("options_secrets: what cannot be a secret is refused by name", "[cli]") {
  const Places places;
  const std::string big(cli::kMaxSecretBytes + 1, 'x');
  base::write_file_atomically(places.dir.dir(), base::RelPath::exact("big"), big);
  CHECK_THROWS_AS(make_secret_lookup({"src=" + places.file()}), UsageError);
  CHECK_THROWS_WITH(
      make_secret_lookup({"id=a,src=/no/such"}),
      Catch::Contains("--secret id=a,src=/no/such") && Catch::Contains("no such file"));
  CHECK_THROWS_WITH(make_secret_lookup({"id=a,src=/tmp"}), Catch::Contains("is a directory"));
  CHECK_THROWS_WITH(make_secret_lookup({"id=a,src=" + places.dir.host_path() + "/big"}),
                    Catch::Contains("larger than"));
  CHECK_THROWS_WITH(make_secret_lookup({"id=a,type=vault"}), Catch::Contains("type must be"));
  CHECK_THROWS_WITH(make_secret_lookup({"id=a,path=x"}), Catch::Contains("no key path"));
  CHECK_THROWS_WITH(make_secret_lookup({"a"}), Catch::Contains("key=value"));
}

TEST_CASE("options_secrets: the default agent is that of the environment", "[cli]") {
  const Places places;
  const Variable variable("SSH_AUTH_SOCK", places.socket_path().c_str());
  const auto find = make_ssh_agent_lookup({"default", "raw=" + places.socket_path() + ",raw=true"});
  REQUIRE(find("default"));
  CHECK(find("default")->socket_path == places.socket_path());
  CHECK(find("default")->access == SshAgent::Access::keys);
  REQUIRE(find("raw"));
  CHECK(find("raw")->access == SshAgent::Access::all);
  CHECK_FALSE(find("other"));
  CHECK_FALSE(make_ssh_agent_lookup({}));
}

TEST_CASE("options_secrets: an agent that cannot be had is refused by name", "[cli]") {
  const Places places;
  const Variable variable("SSH_AUTH_SOCK", "");
  CHECK_THROWS_WITH(make_ssh_agent_lookup({"default"}),
                    Catch::Contains("SSH_AUTH_SOCK names no agent"));
  CHECK_THROWS_WITH(make_ssh_agent_lookup({"a=/no/such"}), Catch::Contains("--ssh a=/no/such"));
  CHECK_THROWS_WITH(make_ssh_agent_lookup({"a=" + places.socket_path() + "," + places.file()}),
                    Catch::Contains("takes no other path"));
  CHECK_THROWS_WITH(make_ssh_agent_lookup({"a=" + places.file() + ",raw=true"}),
                    Catch::Contains("needs a socket"));
}

TEST_CASE("options_secrets: keys get an agent of their own, which ends with the lookup", "[cli]") {
  if (!test::can_run("ssh-agent", ::access("/usr/bin/ssh-agent", X_OK) == 0,
                     "openssh-client is not installed"))
    return;
  const Places places;
  const std::string key = places.dir.host_path() + "/key";
  REQUIRE(
      base::run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a-key", "-f", key})
          .status.success());
  std::string socket;
  {
    const auto find = make_ssh_agent_lookup({"k=" + key});
    socket = find("k")->socket_path;
    CHECK(find("k")->socket_path == socket);
    base::ProgramOptions options;
    options.extra_env = {"SSH_AUTH_SOCK=" + socket};
    CHECK_THAT(base::run_program({"ssh-add", "-l"}, options).out, Catch::Contains("a-key"));
  }
  CHECK(::access(socket.c_str(), F_OK) != 0);
}

TEST_CASE("options_secrets: a key with a passphrase is refused, nobody is asked for it", "[cli]") {
  if (!test::can_run("ssh-agent", ::access("/usr/bin/ssh-agent", X_OK) == 0,
                     "openssh-client is not installed"))
    return;
  const Places places;
  const std::string key = places.dir.host_path() + "/locked";
  REQUIRE(base::run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "pass", "-f", key})
              .status.success());
  const auto find = make_ssh_agent_lookup({"k=" + key, "no-key=" + places.file()});
  CHECK_THROWS_WITH(find("k"), Catch::Contains(key + ": it has a passphrase"));
  REQUIRE(base::run_program({"ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "passphrase", "-f",
                             key + "-old"})
              .status.success());
  CHECK_THROWS_WITH(make_ssh_agent_lookup({"k=" + key + "-old"})("k"),
                    Catch::Contains("-old: it has a passphrase"));
  CHECK_THROWS_WITH(find("no-key"), Catch::Contains(places.file()) && !Catch::EndsWith(": "));
}

TEST_CASE("options_secrets: core dumps are off, also those that go into a program", "[cli]") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_CORE, &before) == 0);
  const base::ScopeExit restore([&] { ::setrlimit(RLIMIT_CORE, &before); });
  cli::forbid_core_dumps();
  rlimit now{};
  REQUIRE(::getrlimit(RLIMIT_CORE, &now) == 0);
  CHECK(now.rlim_cur <= 1);
  CHECK(now.rlim_max == before.rlim_max);
}
