#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/web_server.h"
#include "tests/support/must_run.h"
#include "tests/support/registry_server.h"

using namespace ibuild;
using namespace ibuild::e2e;
using test::RegistryServer;

namespace {

bool has_registry() {
  const auto why_not = RegistryServer::why_unavailable();
  return test::can_run("registry", why_not.empty(), why_not);
}

void push_base(Machine& machine, const std::string& name, const std::string& content) {
  machine.write("base/f", content);
  machine.write("base/Dockerfile", "FROM scratch\nCOPY f /f\n");
  machine.must({"build", "-q", "-t", name, "--push", "base"});
}

std::string file_of(const Machine& machine, const std::string& file, const std::string& image) {
  machine.must({"build", "-q", "-o", "out", "-f", "-", "context"},
               {.stdin_text = "FROM scratch\nCOPY --from=" + image + " /" + file + " /r\n"});
  return machine.read("out/r");
}

}  // namespace

TEST_CASE("lock: builds stay at what was written down, and need nobody then", "[e2e]") {
  if (!has_registry()) return;
  WebServer web;
  web.put("/file", {.content = "file one\n"});
  Machine machine;
  const RegistryServer server;
  const auto name = server.host() + "/base:1";
  push_base(machine, name, "base one\n");
  const std::string dockerfile = "FROM " + name + "\nADD " + web.url() + "/file /g\n";
  machine.write("context/unused", "");
  machine.write("Dockerfile", dockerfile);
  machine.must({"lock", "-q", "-f", "Dockerfile", "context"});
  const auto lock = machine.read("ibuild.lock");
  CHECK_THAT(lock, Catch::Contains("\"" + name + "\": \"sha256:"));
  CHECK_THAT(lock, Catch::Contains("\"" + web.url() + "/file\": \"sha256:"));

  push_base(machine, name, "base two\n");
  machine.must({"build", "-q", "--locked", "--pull", "-t", "app:1", "-f", "Dockerfile", "context"});
  CHECK(file_of(machine, "f", "app:1") == "base one\n");
  machine.must(
      {"build", "-q", "--locked", "--offline", "-t", "app:1", "-f", "Dockerfile", "context"});

  web.put("/file", {.content = "file two\n"});
  Machine other(machine.who());
  other.write("ibuild.lock", lock);
  other.write("context/unused", "");
  other.write("Dockerfile", dockerfile);
  const auto moved = other.ibuild({"build", "--locked", "-f", "Dockerfile", "context"});
  CHECK(moved.code != 0);
  CHECK_THAT(moved.err, Catch::Contains("sha256:"));

  machine.write("Dockerfile", dockerfile + "COPY --from=" + name + "x /f /x\n");
  const auto unknown = machine.ibuild({"build", "--locked", "-f", "Dockerfile", "context"});
  CHECK(unknown.code == 1);
  CHECK_THAT(unknown.err, Catch::Contains(name + "x is not in ibuild.lock"));
}

TEST_CASE("lock: --offline names what it would have asked", "[e2e]") {
  Machine machine;
  machine.write("context/unused", "");
  const auto image = machine.build("app:1", "FROM 127.0.0.1:1/base:1\n", {"--offline"});
  CHECK(image.code == 1);
  CHECK_THAT(image.err, Catch::Contains("http://127.0.0.1:1/v2/base/manifests/1: not sent"));
  const auto file =
      machine.build("app:1", "FROM scratch\nADD http://127.0.0.1:1/f /\n", {"--offline"});
  CHECK_THAT(file.err, Catch::Contains("http://127.0.0.1:1/f: not sent"));
  const auto git =
      machine.build("app:1", "FROM scratch\nADD http://127.0.0.1:1/r.git#main /\n", {"--offline"});
  CHECK(git.code != 0);
  CHECK_THAT(git.err, Catch::Contains("not allowed"));
  CHECK(machine.ibuild({"build", "--locked", "context"}).code == 2);
}
