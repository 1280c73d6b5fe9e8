#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "base/fs_at.h"
#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/support/must_run.h"
#include "tests/support/registry_server.h"

using namespace ibuild;
using namespace ibuild::e2e;
using Scheme = test::RegistryServerOptions::Scheme;
using Access = test::RegistryServerOptions::Access;

namespace {

bool has_peers() {
  return test::can_run("peers", has_program("skopeo") && has_program("buildah"),
                       "skopeo or buildah is missing");
}

const std::string kDockerfile =
    "FROM localhost/base:1\nCOPY f /f\nRUN echo made > /made\nCMD [\"cat\", \"/f\", \"/made\"]\n";

void prepare(Machine& machine) {
  machine.make_base();
  machine.write("context/f", "content\n");
}

std::vector<std::string> buildah(const Machine& machine, std::vector<std::string> args) {
  std::vector<std::string> words = {
      "buildah",          "--root", machine.path("peer"), "--runroot", machine.path("peer-run"),
      "--storage-driver", "vfs"};
  words.insert(words.end(), args.begin(), args.end());
  return words;
}

/// The file of a blob in the registry's own storage.
std::string blob_file(const RegistryServer& server, const std::string& digest) {
  const auto hex = digest.substr(digest.find(':') + 1);
  return server.storage_dir() + "/docker/registry/v2/blobs/sha256/" + hex.substr(0, 2) + "/" + hex +
         "/data";
}

/// The digest of an image's last layer blob.
std::string last_layer(const Machine& machine, const std::string& name) {
  const auto manifest = machine.must({"inspect", "--raw", name});
  return manifest.substr(manifest.rfind("sha256:"), 71);
}

bool stores_blob(const Machine& machine, const std::string& digest) {
  return machine.exists("store/blobs/sha256/" + digest.substr(7));
}

}  // namespace

TEST_CASE("registry: pushed by a build, inspected and run by others, pulled back", "[e2e]") {
  if (!has_registry() || !has_peers()) return;
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      const RegistryServer server;
      Machine machine(who);
      prepare(machine);
      const auto name = server.host() + "/team/app:1";
      const auto built = machine.build(name, kDockerfile, {"--push"});
      INFO(built.err);
      REQUIRE(built.code == 0);
      const auto digest = machine.must({"images", "-q", name});
      CHECK_THAT(machine.must_run({"skopeo", "inspect", "--tls-verify=false", "docker://" + name}),
                 Catch::Contains(digest));
      machine.must_run({"skopeo", "copy", "-q", "--src-tls-verify=false", "docker://" + name,
                        "dir:" + machine.path("home/dir")});

      machine.must({"rmi", name});
      CHECK_THAT(machine.must({"pull", name}), Catch::Contains(digest));
      CHECK(machine.must({"run", name}) == "content\nmade");
    }
  }
}

TEST_CASE("registry: a layer is sent while later steps run", "[e2e]") {
  if (!has_registry()) return;
  for (const Who who : everybody()) {
    const RegistryServer server;
    Machine machine(who);
    prepare(machine);
    const auto name = server.host() + "/team/app:1";
    const auto built = machine.build(
        name, "FROM localhost/base:1\nCOPY f /f\nRUN sleep 3\nCMD [\"cat\", \"/f\"]\n", {"--push"});
    INFO(built.err);
    REQUIRE(built.code == 0);
    CHECK_THAT(built.err, Catch::Contains("sent while steps ran: sha256:"));
    machine.must({"rmi", name});
    machine.must({"pull", name});
    CHECK(machine.must({"run", name}) == "content");
  }
}

TEST_CASE("registry: buildah runs what we push, and we build on what buildah pushes", "[e2e]") {
  if (!has_registry() || !has_peers()) return;
  const RegistryServer server;
  Machine machine;
  prepare(machine);
  const auto ours = server.host() + "/ours:1";
  REQUIRE(machine.build(ours, kDockerfile, {"--push"}).code == 0);
  const auto container = machine.must_run(buildah(machine, {"from", "--tls-verify=false", ours}));
  CHECK(machine.must_run(buildah(machine, {"run", "--isolation", "chroot", container, "--", "cat",
                                           "/f", "/made"})) == "content\nmade");

  const auto theirs = server.host() + "/theirs:1";
  machine.must_run(buildah(machine, {"run", "--isolation", "chroot", container, "--", "sh", "-c",
                                     "echo theirs > /theirs; rm /f"}));
  machine.must_run(
      buildah(machine, {"commit", "-q", "--tls-verify=false", container, "docker://" + theirs}));
  const auto built =
      machine.build("app:1", "FROM " + theirs + "\nRUN cat /theirs > /copy; [ ! -e /f ]\n");
  INFO(built.err);
  REQUIRE(built.code == 0);
  CHECK(machine.must({"run", "app:1", "cat", "/copy"}) == "theirs");
}

TEST_CASE("registry: skopeo's docker schema 2 and our OCI are both bases", "[e2e]") {
  if (!has_registry() || !has_peers()) return;
  const RegistryServer server;
  Machine machine;
  prepare(machine);
  const auto oci = server.host() + "/oci:1";
  const auto v2s2 = server.host() + "/v2s2:1";
  machine.must({"tag", "localhost/base:1", oci});
  machine.must({"push", oci});
  machine.must_run({"skopeo", "copy", "-q", "--format", "v2s2", "--src-tls-verify=false",
                    "--dest-tls-verify=false", "docker://" + oci, "docker://" + v2s2});
  for (const auto& base : {oci, v2s2}) {
    const auto built = machine.build("app:1", "FROM " + base + "\nRUN echo ok > /ok\n", {"--pull"});
    INFO(built.err);
    CHECK(built.code == 0);
  }
}

TEST_CASE("registry: basic authentication", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server({.access = Access::basic_auth});
  Machine machine;
  prepare(machine);
  const auto name = server.host() + "/private/app:1";
  machine.must({"tag", "localhost/base:1", name});
  const auto refused = machine.ibuild({"push", name});
  CHECK(refused.code == 3);
  CHECK_THAT(refused.err, Catch::Contains("401") || Catch::Contains("authentication"));

  const auto wrong =
      machine.ibuild({"login", "-u", RegistryServer::username(), "--password-stdin", server.host()},
                     {.stdin_text = "wrong-password\n"});
  CHECK(wrong.code == 3);
  CHECK_THAT(wrong.err + wrong.out, !Catch::Contains("wrong-password"));
  CHECK_THAT(wrong.err, Catch::Contains(server.host() + " does not let " +
                                        RegistryServer::username() + " in") &&
                            Catch::Contains("hint: check the name, the password"));
  machine.must({"login", "-u", RegistryServer::username(), "--password-stdin", server.host()},
               {.stdin_text = RegistryServer::password() + "\n"});
  CHECK(machine.must_run({"stat", "-c", "%a", "docker/config.json"}) == "600");
  const auto pushed = machine.ibuild({"push", name});
  CHECK(pushed.code == 0);
  CHECK_THAT(pushed.err + pushed.out, !Catch::Contains(RegistryServer::password()));
  machine.must({"rmi", name});
  machine.must({"pull", name});
  CHECK(machine.build("app:1", "FROM " + name + "\nRUN true\n", {"--pull", "--no-cache"}).code ==
        0);
  machine.must({"logout", server.host()});
  CHECK(machine.ibuild({"pull", name}).code == 3);
}

TEST_CASE("registry: TLS with a CA of its own", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server({.scheme = Scheme::https});
  Machine machine;
  prepare(machine);
  machine.write("home/ca.pem", base::read_host_file(server.ca_file(), 1 << 20));
  const auto name = server.host() + "/app:1";
  machine.must({"tag", "localhost/base:1", name});
  CHECK(machine.ibuild({"push", name}).code == 3);
  const auto untrusted = machine.ibuild({"pull", name});
  CHECK(untrusted.code == 3);
  CHECK_THAT(untrusted.err, Catch::Contains("--ca-file"));
  machine.must({"push", "--ca-file", machine.path("home/ca.pem"), name});
  machine.must({"rmi", name});
  machine.must({"pull", "--ca-file", machine.path("home/ca.pem"), name});
}

TEST_CASE("registry: TLS with a client's certificate, and a login besides", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server(
      {.scheme = Scheme::https, .access = Access::basic_auth, .wants_client_certificate = true});
  Machine machine;
  prepare(machine);
  const auto name = server.host() + "/app:1";
  const auto folder = "home/.config/containers/certs.d/" + server.host() + "/";
  const auto give = [&](const std::string& from, const std::string& to) {
    machine.write(folder + to, base::read_host_file(from, 1 << 20), 0600);
  };
  give(server.ca_file(), "ca.crt");
  machine.must({"tag", "localhost/base:1", name});
  const std::vector<std::string> login = {"login", "-u", RegistryServer::username(),
                                          "--password-stdin", server.host()};
  const RunOptions password{.stdin_text = RegistryServer::password()};
  const auto unknown = machine.ibuild(login, password);
  CHECK(unknown.code == 3);
  CHECK_THAT(unknown.err, Catch::Contains("client certificate"));

  give(server.client_certificate_file(), "client.cert");
  give(server.client_key_file(), "client.key");
  CHECK(machine.ibuild({"push", name}).code == 3);
  machine.must(login, password);
  machine.must({"push", name});
  machine.must({"rmi", name});
  machine.must({"pull", name});
}

TEST_CASE("registry: Docker Hub's names through a mirror", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  prepare(machine);
  machine.must({"push", "localhost/base:1", server.host() + "/library/python:3.7"});
  machine.write("registries.conf",
                "[[registry]]\nprefix = \"docker.io\"\nlocation = "
                "\"docker.io\"\n[[registry.mirror]]\nlocation = \"" +
                    server.host() + "\"\ninsecure = true\n");
  const auto built = machine.build("app:1", "FROM python:3.7\nRUN echo mirrored > /m\n");
  INFO(built.err);
  REQUIRE(built.code == 0);
  CHECK_THAT(machine.must({"images"}), Catch::Contains("python"));
  CHECK(machine.must({"run", "app:1", "cat", "/m"}) == "mirrored");
}

TEST_CASE("registry: a base that goes back to its registry is never downloaded", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine first;
  prepare(first);
  const auto base = server.host() + "/base:1";
  first.must({"push", "localhost/base:1", base});
  const auto layer = last_layer(first, "localhost/base:1");

  const std::vector<std::vector<std::string>> ways{{"-o", "type=registry"}, {"--push"}};
  for (std::size_t i = 0; i < ways.size(); ++i) {
    Machine second(first.who());
    const auto app = server.host() + "/app" + std::to_string(i) + ":1";
    const auto built = second.build(app, "FROM " + base + "\nENV A=1\nCMD [\"env\"]\n", ways[i]);
    INFO(built.err);
    REQUIRE(built.code == 0);
    CHECK_THAT(built.err, Catch::Contains("mounted " + layer.substr(0, 19)));
    CHECK_FALSE(stores_blob(second, layer));
    first.must({"pull", app});
    CHECK_THAT(first.must({"run", app}), Catch::Contains("A=1"));
    // It is fetched when somebody needs it.
    CHECK_THAT(second.must({"run", app}), Catch::Contains("A=1"));
  }
}

TEST_CASE("registry: a base is not asked for again, --pull sees that it moved", "[e2e]") {
  if (!has_registry()) return;
  Machine machine;
  prepare(machine);
  const RegistryServer server;
  const auto base = server.host() + "/moving:1";
  machine.must({"push", "localhost/base:1", base});
  const auto dockerfile = "FROM " + base + "\nRUN cat /f > /copy 2>/dev/null || echo old > /copy\n";
  REQUIRE(machine.build("app:1", dockerfile).code == 0);
  REQUIRE(machine.build("other:1", kDockerfile).code == 0);
  machine.must({"push", "other:1", base});
  REQUIRE(machine.build("app:1", dockerfile).code == 0);
  CHECK(machine.must({"run", "app:1", "cat", "/copy"}) == "old");
  REQUIRE(machine.build("app:1", dockerfile, {"--pull"}).code == 0);
  CHECK(machine.must({"run", "app:1", "cat", "/copy"}) == "content");
}

TEST_CASE("registry: one that is dead is told as such", "[e2e]") {
  if (!has_registry()) return;
  Machine machine;
  prepare(machine);
  RegistryServer server;
  const auto name = server.host() + "/app:1";
  machine.must({"push", "localhost/base:1", name});
  server.kill();
  const auto pulled = machine.ibuild({"pull", name});
  CHECK(pulled.code == 3);
  CHECK_THAT(pulled.err, Catch::Contains(server.host()));
  // What the store has needs no registry.
  machine.must({"tag", "localhost/base:1", name});
  CHECK(machine.build("app:1", "FROM " + name + "\nRUN true\n").code == 0);
}

TEST_CASE("registry: a blob that is not what its digest says is refused", "[e2e]") {
  if (!has_registry()) return;
  Machine machine;
  prepare(machine);
  const RegistryServer server;
  const auto name = server.host() + "/app:1";
  machine.must({"push", "localhost/base:1", name});
  const auto layer = last_layer(machine, "localhost/base:1");
  const auto file = blob_file(server, layer);
  const auto size = base::read_host_file(file, 64 << 20).size();
  base::write_file_atomically(base::DirFd::open(file.substr(0, file.rfind('/'))),
                              base::RelPath::exact("data"), std::string(size, 'x'));
  Machine other(machine.who());
  const auto pulled = other.ibuild({"pull", name});
  CHECK(pulled.code != 0);
  CHECK_THAT(pulled.err, Catch::Contains(layer.substr(7, 12)));
  CHECK_FALSE(stores_blob(other, layer));
  CHECK(other.must({"images", "-q"}).empty());
  CHECK(other.build("app:1", "FROM " + name + "\nRUN true\n").code != 0);
}

TEST_CASE("registry: a truncated blob is refused", "[e2e]") {
  if (!has_registry()) return;
  Machine machine;
  prepare(machine);
  const RegistryServer server;
  const auto name = server.host() + "/app:1";
  machine.must({"push", "localhost/base:1", name});
  const auto layer = last_layer(machine, "localhost/base:1");
  const auto file = blob_file(server, layer);
  const auto bytes = base::read_host_file(file, 64 << 20);
  base::write_file_atomically(base::DirFd::open(file.substr(0, file.rfind('/'))),
                              base::RelPath::exact("data"), bytes.substr(0, bytes.size() / 2));
  Machine other(machine.who());
  const auto pulled = other.ibuild({"pull", name});
  CHECK(pulled.code != 0);
  CHECK_FALSE(stores_blob(other, layer));
}

TEST_CASE("registry: an image that is not there gets a clear answer", "[e2e]") {
  if (!has_registry()) return;
  Machine machine;
  const RegistryServer server;
  const auto missing = machine.build("app:1", "FROM " + server.host() + "/nothing:1\nRUN true\n");
  CHECK(missing.code != 0);
  CHECK_THAT(missing.err, Catch::Contains("nothing:1") && Catch::Contains("Dockerfile:1"));
}

TEST_CASE("registry: a push by digest leaves no tag, and says the name", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  const auto repository = server.host() + "/team/app";
  const auto built = machine.build("unused:1", "FROM scratch\nENV A=1\n",
                                   {"--metadata-file", machine.path("meta.json"), "-o",
                                    "type=image,push=true,push-by-digest=true,name=" + repository});
  INFO(built.err);
  REQUIRE(built.code == 0);
  const auto meta = nlohmann::json::parse(machine.read("meta.json"));
  const auto digest = meta.at("containerimage.digest").get<std::string>();
  CHECK(meta.at("image.name") == repository + "@" + digest);
  machine.must({"pull", repository + "@" + digest});
  CHECK(machine.ibuild({"pull", repository + ":latest"}).code != 0);
}
