// Names without a host: Docker Hub's, or what registries.conf says.
#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;
using Catch::Contains;

namespace {

const std::string kByConf = "--short-names=containers";

bool has_buildah() { return test::can_run("peers", has_program("buildah"), "buildah is missing"); }

std::string alias(const std::string& name, const std::string& target) {
  return "[aliases]\n\"" + name + "\" = \"" + target + "\"\n";
}

std::string search(const std::vector<std::string>& hosts) {
  std::string list;
  for (const auto& host : hosts) list += "\"" + host + "\", ";
  return "unqualified-search-registries = [" + list + "]\n";
}

/// Pushes an image whose file /f says `content`, from a machine of its own.
void publish(Who who, const std::string& name, const std::string& content) {
  Machine maker(who);
  push_image(maker, name, content);
}

/// What /f of a base says; the progress goes to `shown`.
std::string file_of_base(Machine& machine, const std::string& base,
                         std::vector<std::string> options, std::string& shown) {
  machine.write("context/unused", "");
  options.insert(options.begin(), {"build", "-o", "out", "-f", "-", "context"});
  const auto output = machine.ibuild(options, {.stdin_text = "FROM " + base + "\nLABEL a=b\n"});
  INFO(output.err);
  REQUIRE(output.code == 0);
  shown = output.err;
  return machine.read("out/f");
}

}  // namespace

TEST_CASE("short names: an alias and a searched registry, in builds", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  publish(machine.who(), server.host() + "/mirror/python:3.7", "aliased\n");
  publish(machine.who(), server.host() + "/team/app:1", "searched\n");
  machine.write("registries.conf",
                search({server.host()}) + alias("python", server.host() + "/mirror/python"));
  std::string shown;
  CHECK(file_of_base(machine, "python:3.7", {kByConf}, shown) == "aliased\n");
  CHECK_THAT(shown,
             Contains("resolved python:3.7 to " + server.host() + "/mirror/python:3.7 (alias in " +
                      machine.path("registries.conf") + ")"));
  CHECK_THAT(shown, Contains("FROM " + server.host() + "/mirror/python:3.7@sha256:"));
  CHECK(file_of_base(machine, "team/app:1", {kByConf}, shown) == "searched\n");
  CHECK_THAT(shown, Contains("(unqualified-search-registries in "));

  // The same from the variable, for COPY, mounts and contexts.
  const auto built = machine.ibuild(
      {"build", "-o", "out", "--build-context", "other=docker-image://python:3.7", "-f", "-",
       "context"},
      {.stdin_text = "FROM scratch\nCOPY --from=python:3.7 /f /a\nCOPY --from=team/app:1 /f /b\n"
                     "COPY --from=other /f /c\n",
       .env = {"IBUILD_SHORT_NAMES=containers"}});
  INFO(built.err);
  REQUIRE(built.code == 0);
  CHECK(machine.read("out/a") == "aliased\n");
  CHECK(machine.read("out/b") == "searched\n");
  CHECK(machine.read("out/c") == "aliased\n");
}

TEST_CASE("short names: the default is Docker Hub, whatever registries.conf says", "[e2e]") {
  Machine machine;
  machine.write("registries.conf", search({"127.0.0.1:1"}) + "short-name-mode = \"nonsense\"\n" +
                                       alias("python", "127.0.0.1:1/python") +
                                       "[[registry]]\nprefix = \"docker.io\"\nblocked = true\n");
  machine.write("context/unused", "");
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, std::vector<std::string>{"--short-names=docker"}}) {
    const auto built = machine.build("app:1", "FROM python:3.7\n", options);
    CHECK(built.code != 0);
    CHECK_THAT(built.err, Contains("docker.io/library/python") && Contains("blocked"));
  }
  const auto pulled = machine.ibuild({"pull", "python:3.7"});
  CHECK_THAT(pulled.err, Contains("docker.io/library/python") && Contains("blocked"));
}

TEST_CASE("short names: commands that read images of registries", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  const RegistryServer empty;
  Machine machine;
  const auto full = server.host() + "/team/app:1";
  publish(machine.who(), full, "one\n");
  machine.write("registries.conf", search({empty.host(), server.host()}));
  const auto told = "resolved team/app:1 to " + full;

  const auto pulled = machine.ibuild({"pull", kByConf, "team/app:1"});
  INFO(pulled.err);
  REQUIRE(pulled.code == 0);
  CHECK_THAT(pulled.out, Contains(full + "@sha256:"));
  CHECK_THAT(pulled.err, Contains(told) && Contains(empty.host() + "/team/app:1: not found"));
  CHECK_THAT(machine.must({"images"}), Contains(server.host() + "/team/app"));

  const auto inspected = machine.ibuild({"inspect", "--remote", kByConf, "team/app:1"});
  CHECK_THAT(inspected.out, Contains("\"Name\": \"" + full + "\""));
  CHECK_THAT(inspected.err, Contains(told));
  CHECK(machine.ibuild({"inspect", kByConf, "team/app:1"}).code == 2);

  CHECK(machine.must({"ls", kByConf, "team/app"}) == "1");
  CHECK_THAT(machine.ibuild({"ls", kByConf, "team/none"}).err,
             Contains(server.host() + "/team/none: not found"));
  CHECK_THAT(machine.must({"ls", "--referrers", kByConf, "team/app:1"}), Contains("DIGEST"));

  // What is written has the name that was given.
  const auto copy = machine.must({"copy", kByConf, "team/app:1", server.host() + "/copied:1"});
  CHECK_THAT(copy, Contains(server.host() + "/copied:1@sha256:"));
  machine.must({"index", "create", kByConf, "-t", server.host() + "/index:1", "team/app:1"});
  CHECK(machine.must({"ls", server.host() + "/index"}) == "1");

  // An image of the store first, as for builds.
  const auto run = machine.ibuild({"run", kByConf, "team/app:1", "/f"});
  CHECK_THAT(run.err, Contains(told + " (in the store)"));
  machine.must({"rmi", full});
  const auto fetched = machine.ibuild({"run", kByConf, "team/app:1", "/f"});
  CHECK_THAT(fetched.err, Contains(told + " (unqualified-search-registries in "));
}

TEST_CASE("short names: a base for rebase", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  push_image(machine, server.host() + "/base:1", "one\n");
  push_image(machine, server.host() + "/base:2", "two\n");
  machine.write("context/x", "x");
  const auto app = server.host() + "/app:1";
  const auto built =
      machine.build(app, "FROM " + server.host() + "/base:1\nCOPY x /x\n", {"--push"});
  REQUIRE(built.code == 0);
  machine.write("registries.conf", alias("base", server.host() + "/base"));
  const auto json = machine.must(
      {"rebase", kByConf, app, "--onto", "base:2", "--old-base", "base:1", "--format", "json"});
  CHECK_THAT(json, Contains("\"Onto\":\"" + server.host() + "/base:2\""));
  CHECK_THAT(json, Contains("\"OldBase\":\"" + server.host() + "/base@sha256:"));
}

TEST_CASE("short names: what cannot be resolved says what to do", "[e2e]") {
  Machine machine;
  const auto fails = [&](const std::string& conf) {
    machine.write("registries.conf", conf);
    machine.write("context/unused", "");
    return machine.build("app:1", "FROM python:3.7\n", {kByConf});
  };
  const auto nothing = fails("");
  CHECK(nothing.code != 0);
  CHECK_THAT(nothing.err, Contains("Dockerfile:1") &&
                              Contains("neither an alias for it nor any "
                                       "unqualified-search-registries in " +
                                       machine.path("registries.conf")) &&
                              Contains("--short-names=docker"));
  const auto several =
      fails("short-name-mode = \"enforcing\"\n" + search({"127.0.0.1:1", "127.0.0.1:2"}));
  CHECK(several.code != 0);
  CHECK_THAT(several.err, Contains("127.0.0.1:1/python:3.7, 127.0.0.1:2/python:3.7") &&
                              Contains("enforcing") && Contains("write one of these names"));
  CHECK_THAT(fails(alias("python", "team/python")).err,
             Contains(machine.path("registries.conf") + ":2: the alias \"python\""));
  const auto value = machine.ibuild({"build", "--short-names=podman", "context"});
  CHECK(value.code == 2);
  CHECK_THAT(value.err, Contains("--short-names=podman: it must be docker or containers"));
  const auto variable = machine.ibuild({"pull", "python"}, {.env = {"IBUILD_SHORT_NAMES=podman"}});
  CHECK(variable.code == 2);
  CHECK_THAT(variable.err, Contains("IBUILD_SHORT_NAMES=podman"));
}

TEST_CASE("short names: an image built here is found; one of Docker Hub is no other's", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  const RegistryServer hub;
  Machine machine;
  publish(machine.who(), server.host() + "/base:1", "searched\n");
  publish(machine.who(), hub.host() + "/library/base:1", "of Docker Hub\n");
  const std::string mirrored = search({server.host()}) +
                               "[[registry]]\nprefix = \"docker.io\"\nlocation = \"" + hub.host() +
                               "\"\n";
  machine.write("registries.conf", mirrored);
  std::string shown;
  CHECK(file_of_base(machine, "base:1", {}, shown) == "of Docker Hub\n");
  CHECK(file_of_base(machine, "base:1", {kByConf}, shown) == "searched\n");
  CHECK(file_of_base(machine, "base:1", {}, shown) == "of Docker Hub\n");

  machine.write("context/f", "made here\n");
  REQUIRE(machine.build("base:2", "FROM scratch\nCOPY f /f\n").code == 0);
  CHECK(file_of_base(machine, "base:2", {kByConf}, shown) == "made here\n");
  CHECK_THAT(shown, Contains("resolved base:2 to docker.io/library/base:2 (in the store)"));
}

TEST_CASE("short names: provenance and lock have the name that was found", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  const auto full = server.host() + "/python:3.7";
  publish(machine.who(), full, "one\n");
  machine.write("registries.conf", search({server.host()}));
  machine.write("context/Dockerfile", "FROM python:3.7\nLABEL a=b\n");
  machine.must(
      {"build", "-q", kByConf, "--write-lock", "--provenance=mode=max", "-t", "app:1", "context"});
  CHECK_THAT(machine.read("ibuild.lock"), Contains("\"" + full + "\": \"sha256:"));
  const auto provenance = machine.must({"inspect", "--provenance", "app:1"});
  CHECK_THAT(provenance,
             Contains(std::to_string(server.port())) && !Contains("pkg:docker/python@"));

  publish(machine.who(), full, "two\n");
  machine.must({"build", "-q", kByConf, "--locked", "--offline", "-o", "out", "context"});
  CHECK(machine.read("out/f") == "one\n");
  machine.must({"build", "-q", kByConf, "--pull", "-o", "out", "context"});
  CHECK(machine.read("out/f") == "two\n");
}

TEST_CASE("short names: what podman has recorded goes before the files", "[e2e]") {
  if (!has_registry()) return;
  for (const Who who : everybody()) {
    if (who == Who::root) continue;  // whose file is the machine's
    const RegistryServer server;
    Machine machine(who);
    publish(who, server.host() + "/recorded:1", "recorded\n");
    machine.write("registries.conf", alias("app", "127.0.0.1:1/app"));
    machine.write("cache/containers/short-name-aliases.conf",
                  alias("app", server.host() + "/recorded"));
    machine.write("context/unused", "");
    const auto built = machine.ibuild(
        {"build", "-o", "out", "-f", "-", "context"},
        {.stdin_text = "FROM app:1\nLABEL a=b\n",
         .env = {"IBUILD_SHORT_NAMES=containers", "XDG_CACHE_HOME=" + machine.path("cache")}});
    INFO(name_of(who) << built.err);
    REQUIRE(built.code == 0);
    CHECK(machine.read("out/f") == "recorded\n");
    CHECK_THAT(built.err, Contains("short-name-aliases.conf"));
    return;
  }
}

TEST_CASE("short names: buildah finds the same images", "[e2e]") {
  if (!has_registry() || !has_buildah()) return;
  const RegistryServer server;
  const RegistryServer empty;
  Machine machine(Who::root);
  publish(Who::root, server.host() + "/mirror/one:1", "one\n");
  publish(Who::root, server.host() + "/team/two:1", "two\n");
  publish(Who::root, server.host() + "/library/three:latest", "three\n");
  machine.write("registries.conf", search({empty.host(), server.host()}) +
                                       "short-name-mode = \"permissive\"\n" +
                                       "[aliases]\n\"one\" = \"" + server.host() +
                                       "/mirror/one\"\n\"library/three\" = \"\"\n");
  for (const std::string name : {"one:1", "team/two:1", "library/three"}) {
    INFO(name);
    const auto ours = machine.must({"pull", "-q", kByConf, name});
    const auto storage = machine.path("storage");
    const auto buildah = [&](std::vector<std::string> words) {
      words.insert(words.begin(), {"buildah", "--root=" + storage, "--runroot=" + storage + "-run",
                                   "--storage-driver=vfs"});
      return machine.must_run(
          words, {.env = {"CONTAINERS_REGISTRIES_CONF=" + machine.path("registries.conf")}});
    };
    buildah({"pull", "--quiet", "--tls-verify=false", name});
    const auto theirs = buildah({"images", "--format", "{{.Name}}:{{.Tag}}"});
    CHECK_THAT(theirs, Contains(ours.substr(0, ours.find('@'))));
  }
}
