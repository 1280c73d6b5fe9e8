#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/e2e/support/machine.h"
#include "tests/support/must_run.h"
#include "tests/support/registry_server.h"

using namespace ibuild;
using namespace ibuild::e2e;
using nlohmann::json;
using test::RegistryServer;

namespace {

bool has_registry() {
  const auto why_not = RegistryServer::why_unavailable();
  return test::can_run("registry", why_not.empty(), why_not);
}
bool has_skopeo() { return test::can_run("peers", has_program("skopeo"), "skopeo is missing"); }

const std::string kDockerfile =
    "FROM localhost/base:1\nARG WORD\nCOPY f /f\nRUN echo $WORD > /made\n";

void prepare(Machine& machine) {
  machine.make_base();
  machine.write("context/f", "content\n");
}

void must_build(Machine& machine, const std::string& name, std::vector<std::string> args,
                const RunOptions& options = {}) {
  const auto built = machine.build(name, kDockerfile, std::move(args), options);
  INFO(built.err);
  REQUIRE(built.code == 0);
}

const json& metadata_of(const json& provenance) {
  return provenance.at("runDetails").at("metadata");
}

}  // namespace

TEST_CASE("attest: provenance is pushed, and read back by skopeo and inspect", "[e2e]") {
  if (!has_registry() || !has_skopeo()) return;
  const RegistryServer server;
  Machine machine;
  prepare(machine);
  const auto name = server.host() + "/team/app:1";
  must_build(machine, name, {"--push", "--provenance=mode=max", "--build-arg", "WORD=hello"});

  const auto raw = [&](const std::string& what) {
    return json::parse(
        machine.must_run({"skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + what}));
  };
  const auto index = raw(name);
  REQUIRE(index.at("manifests").size() == 2);
  const auto& image = index.at("manifests")[0];
  const auto& about = index.at("manifests")[1];
  CHECK(about.at("platform") == json{{"architecture", "unknown"}, {"os", "unknown"}});
  CHECK(about.at("annotations").at("vnd.docker.reference.digest") == image.at("digest"));
  const auto repository = server.host() + "/team/app@";
  const auto manifest = raw(repository + about.at("digest").get<std::string>());
  CHECK(manifest.at("layers")[0].at("annotations").at("in-toto.io/predicate-type") ==
        "https://slsa.dev/provenance/v1");
  // All of it can be had: a copy of the index with everything below it is whole.
  machine.must_run({"skopeo", "copy", "-q", "--all", "--src-tls-verify=false", "docker://" + name,
                    "oci:" + machine.path("home/layout") + ":1"});

  machine.must({"save", "--format", "oci", "-o", machine.path("home/app.tar"), name});
  machine.must_run({"skopeo", "copy", "-q", "--all", "oci-archive:" + machine.path("home/app.tar"),
                    "dir:" + machine.path("home/dir")});

  const auto said = json::parse(machine.must({"inspect", "--remote", "--provenance", name}));
  CHECK(json::parse(machine.must({"inspect", "--provenance", name})) == said);
  CHECK(said.at("buildDefinition").at("externalParameters").at("request").at("args") ==
        json{{"build-arg:WORD", "hello"}});
  CHECK(metadata_of(said).contains("startedOn"));
  const auto statement =
      json::parse(machine.must({"inspect", "--remote", "--provenance", "--raw", name}));
  CHECK(statement.at("subject")[0].at("digest").at("sha256") ==
        image.at("digest").get<std::string>().substr(7));
  CHECK(machine.must({"run", name, "cat", "/made"}) == "hello");
}

TEST_CASE("attest: with SOURCE_DATE_EPOCH everybody attests the same bytes", "[e2e]") {
  const RunOptions fixed{.env = {"SOURCE_DATE_EPOCH=1700000000"}};
  std::set<std::string> digests;
  for (const Who who : everybody()) {
    Machine machine(who);
    prepare(machine);
    const auto built =
        machine.build("app:1", "FROM scratch\nCOPY f /f\n", {"--provenance=true"}, fixed);
    INFO(built.err);
    REQUIRE(built.code == 0);
    digests.insert(machine.must({"images", "-q", "app:1"}));
    if (who == Who::single) continue;
    must_build(machine, "run:1", {"--provenance=true"}, fixed);
    const auto once = machine.must({"images", "-q", "run:1"});
    must_build(machine, "run:1", {"--provenance=true", "--no-cache"}, fixed);
    // That the cache was not to be used is an argument as well.
    CHECK(machine.must({"images", "-q", "run:1"}) != once);
    machine.must_run({"rm", "-rf", machine.path("store/cache/steps")});
    must_build(machine, "run:1", {"--provenance=true"}, fixed);
    CHECK(machine.must({"images", "-q", "run:1"}) == once);
  }
  CHECK(digests.size() == 1);
}

TEST_CASE("attest: images without say so", "[e2e]") {
  Machine machine;
  prepare(machine);
  must_build(machine, "app:1", {"--metadata-file", machine.path("meta.json")});
  const auto none = machine.ibuild({"inspect", "--provenance", "app:1"});
  CHECK(none.code != 0);
  CHECK_THAT(none.err, Catch::Contains("no provenance"));
  const auto metadata = json::parse(machine.read("meta.json"));
  CHECK(metadata.at("buildx.build.provenance").contains("buildType"));
  CHECK(machine.ibuild({"inspect", "--provenance", "--sbom", "app:1"}).code == 2);
}
