#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/e2e/support/web_server.h"
#include "tests/support/git_repository.h"

using namespace ibuild;
using namespace ibuild::e2e;
namespace {

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
  push_image(machine, name, "base one\n");
  const std::string dockerfile = "FROM " + name + "\nADD " + web.url() + "/file /g\n";
  machine.write("context/unused", "");
  machine.write("Dockerfile", dockerfile);
  machine.must({"lock", "-q", "-f", "Dockerfile", "context"});
  const auto lock = machine.read("ibuild.lock");
  CHECK_THAT(lock, Catch::Contains("\"" + name + "\": \"sha256:"));
  CHECK_THAT(lock, Catch::Contains("\"" + web.url() + "/file\": \"sha256:"));

  push_image(machine, name, "base two\n");
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

TEST_CASE("lock: a branch of a git repository stays at its commit", "[e2e]") {
  if (!test::has_git()) return;
  test::GitRepository repository;
  repository.git({"branch", "-M", "main"});
  repository.write("f", "one\n");
  const auto first = repository.commit("one");
  const auto root = test::make_scratch_dir();
  const auto bare = root.host_path() + "/app.git";
  repository.git({"clone", "--quiet", "--bare", repository.host_path(), bare});
  WebServer web;
  web.serve_git(root.host_path());
  const auto url = web.url() + "/git/app.git#main";
  Machine machine;
  machine.write("context/unused", "");
  machine.write("Dockerfile", "FROM scratch\nADD " + url + " /src\n");
  machine.must({"lock", "-q", "-f", "Dockerfile", "context"});
  CHECK_THAT(machine.read("ibuild.lock"), Catch::Contains("\"" + url + "\": \"" + first + "\""));

  repository.write("f", "two\n");
  repository.commit("two");
  repository.git({"push", "--quiet", bare, "main"});
  const std::vector<std::string> words = {"-q", "-f", "Dockerfile", "-o", "out", "context"};
  const auto build = [&](std::vector<std::string> options) {
    options.insert(options.begin(), "build");
    options.insert(options.end(), words.begin(), words.end());
    machine.must(std::move(options));
    return machine.read("out/src/f");
  };
  CHECK(build({"--locked"}) == "one\n");
  CHECK(build({}) == "two\n");
}

TEST_CASE("lock: the help is its own", "[e2e]") {
  const Machine machine;
  const auto help = machine.must({"lock", "--help"});
  CHECK_THAT(help, Catch::Contains("Usage: ibuild lock") && Catch::Contains("ibuild.lock"));
  CHECK_THAT(machine.ibuild({"lock", "--no-such-thing"}).err, Catch::Contains("ibuild lock"));
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
