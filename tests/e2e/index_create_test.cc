#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"

using namespace ibuild;
using namespace ibuild::e2e;
using Json = nlohmann::ordered_json;

namespace {

/// Pushes an image for the platform; gives its digest.
std::string push_for(Machine& machine, const std::string& name, const std::string& platform) {
  machine.write("context/f", name);
  const auto built = machine.build(name, "FROM scratch\nCOPY f /f\n",
                                   {"--push", "--platform", platform, "--provenance=false"});
  INFO(built.err);
  REQUIRE(built.code == 0);
  return remote_digest(machine, name);
}

std::vector<std::string> platforms_of(const Machine& machine, const std::string& name) {
  std::vector<std::string> platforms;
  const auto index = Json::parse(machine.must({"inspect", "--remote", "--raw", name}));
  for (const auto& entry : index.at("manifests")) {
    const auto& platform = entry.at("platform");
    platforms.push_back(platform.at("os").get<std::string>() + "/" +
                        platform.at("architecture").get<std::string>());
  }
  return platforms;
}

using Platforms = std::vector<std::string>;

}  // namespace

TEST_CASE("index create: images of two registries, under two names, used by others", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  const RegistryServer other;
  Machine machine;
  const auto amd = server.host() + "/amd:1";
  const auto arm = other.host() + "/arm:1";
  push_for(machine, amd, "linux/amd64");
  const auto arm_digest = push_for(machine, arm, "linux/arm64");
  const auto app = server.host() + "/team/app";

  const auto dry = machine.must({"index", "create", "--dry-run", amd, arm});
  CHECK(Json::parse(dry).at("manifests").size() == 2);
  const auto out = machine.must({"index", "create", "-q", "-t", app + ":1", "-t", app + ":2",
                                 "--annotation", "org.example.who=me", amd, arm});
  const auto digest = remote_digest(machine, app + ":1");
  CHECK(out == app + ":1@" + digest + "\n" + app + ":2@" + digest);
  CHECK(platforms_of(machine, app + ":2") == Platforms{"linux/amd64", "linux/arm64"});
  const auto raw = Json::parse(machine.must({"inspect", "--remote", "--raw", app + ":1"}));
  CHECK(raw.at("annotations") == Json{{"org.example.who", "me"}});

  machine.must({"pull", "-q", "--platform", "linux/arm64", app + ":1"});
  CHECK_THAT(machine.must({"inspect", "--platform", "linux/arm64", app + ":1"}),
             Catch::Contains(arm_digest));
  if (has_program("skopeo")) {
    machine.must_run({"skopeo", "copy", "-q", "--all", "--src-tls-verify=false",
                      "docker://" + app + ":1", "oci:" + machine.path("home/oci")});
  }
}

TEST_CASE("index create: --append, descriptors from files, JSON", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  const auto app = server.host() + "/app";
  const auto first = machine.ibuild({"index", "create", "--append", "-t", app + ":1", app + ":x"});
  CHECK(first.code == 1);
  CHECK_THAT(first.err, Catch::Contains("to add to"));

  push_for(machine, app + ":amd", "linux/amd64");
  const auto arm = push_for(machine, app + ":arm", "linux/arm64");
  machine.must({"index", "create", "-q", "-t", app + ":1", app + ":amd"});
  CHECK(platforms_of(machine, app + ":1") == Platforms{"linux/amd64"});

  const auto size = Json::parse(machine.must({"inspect", "--remote", app + ":arm"}))[0].at("Size");
  machine.write("home/arm.json",
                Json{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                     {"digest", arm},
                     {"size", size},
                     {"platform", {{"os", "linux"}, {"architecture", "arm64"}, {"variant", "v9"}}}}
                    .dump());
  const auto line = machine.must({"index", "create", "-q", "--format", "json", "--append", "-t",
                                  app + ":1", "-f", machine.path("home/arm.json")});
  const auto json = Json::parse(line);
  CHECK(json.at("Name") == app + ":1");
  CHECK(json.at("Digest") == remote_digest(machine, app + ":1"));
  REQUIRE(json.at("Manifests").size() == 2);
  CHECK(json.at("Manifests")[1].at("Digest") == arm);
  CHECK(json.at("Manifests")[1].at("Platform") == "linux/arm64/v9");

  // The same platform again takes the other's place.
  const auto newer = push_for(machine, app + ":amd2", "linux/amd64");
  machine.must({"index", "create", "-q", "--append", "-t", app + ":1", newer});
  CHECK(platforms_of(machine, app + ":1").size() == 2);
  CHECK_THAT(machine.must({"inspect", "--remote", "--raw", app + ":1"}), Catch::Contains(newer));
}

TEST_CASE("index create: wrong use", "[e2e]") {
  const Machine machine;
  CHECK(machine.ibuild({"index"}).code == 2);
  CHECK(machine.ibuild({"index", "remove", "x:1"}).code == 2);
  CHECK(machine.ibuild({"index", "create", "x:1"}).code == 2);
  CHECK(machine.ibuild({"index", "create", "-t", "x:1"}).code == 2);
  CHECK(machine.ibuild({"index", "create", "--append", "--dry-run", "x:1"}).code == 2);
  CHECK(machine.ibuild({"index", "create", "-t", "x:1", "{\"digest\":\"x\"}"}).code == 2);
  CHECK_THAT(machine.ibuild({"index", "create", "--dry-run", "sha256:" + std::string(64, '0')}).err,
             Catch::Contains("which repository"));
}
