#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/support/must_run.h"
#include "tests/support/registry_server.h"
#include "tests/support/spdx_check.h"

using namespace ibuild;
using namespace ibuild::e2e;
using nlohmann::json;
using test::RegistryServer;

namespace {

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

TEST_CASE("attest: provenance names the commit of the work tree that was built", "[e2e]") {
  if (!test::can_run("peers", has_program("git"), "git is missing")) return;
  for (const Who who : everybody()) {
    Machine machine(who);
    machine.write("tree/app/f", "content\n");
    machine.write("tree/app/Dockerfile", "FROM scratch\nCOPY f /f\n");
    const auto git = [&](std::vector<std::string> words) {
      std::vector<std::string> argv = {"git",         "-C", "tree",          "-c",
                                       "user.name=a", "-c", "user.email=a@a"};
      argv.insert(argv.end(), words.begin(), words.end());
      return machine.must_run(argv);
    };
    git({"init", "-q", "-b", "main"});
    git({"add", "."});
    git({"commit", "-q", "-m", "one"});
    git({"remote", "add", "origin", "https://me:secret@h.example/app.git"});
    const auto said = [&](const std::vector<std::string>& env, const std::string& option) {
      machine.must({"build", "-q", "-t", "app:1", option, "tree/app"}, {.env = env});
      const auto provenance = json::parse(machine.must({"inspect", "--provenance", "app:1"}));
      return metadata_of(provenance).at("buildkit_metadata").value("vcs", json());
    };
    const auto revision = git({"rev-parse", "HEAD"});
    const json expected = {{"localdir:context", "app"},
                           {"localdir:dockerfile", "app"},
                           {"revision", revision},
                           {"source", "https://h.example/app.git"}};
    CHECK(said({}, "--provenance=mode=min") == expected);
    CHECK(said({}, "--provenance=mode=max") == expected);
    CHECK(said({"BUILDX_GIT_INFO=false"}, "--provenance=true").is_null());
    CHECK(said({"BUILDX_GIT_CHECK_DIRTY=1"}, "--provenance=true").at("revision") == revision);
    machine.write("tree/app/f", "changed\n");
    CHECK(said({"BUILDX_GIT_CHECK_DIRTY=1"}, "--provenance=true").at("revision") ==
          revision + "-dirty");
  }
}

TEST_CASE("attest: the packages of a Debian image are those that dpkg lists", "[e2e]") {
  if (!has_registry() || !has_skopeo()) return;
  if (!test::can_run("peers", has_program("dpkg-query"), "dpkg-query is missing")) return;
  const RegistryServer server;
  Machine machine;
  // What tells of this machine's packages, as a base image has it.
  machine.write("context/status", machine.must_run({"cat", "/var/lib/dpkg/status"}) + "\n");
  machine.write("context/os-release", machine.must_run({"cat", "/etc/os-release"}) + "\n");
  const auto base =
      machine.build("localhost/debian:1",
                    "FROM scratch\nCOPY status /var/lib/dpkg/\nCOPY os-release /etc/os-release\n");
  REQUIRE(base.code == 0);
  const auto name = server.host() + "/team/app:1";
  const RunOptions fixed{.env = {"SOURCE_DATE_EPOCH=1700000000"}};
  const std::vector<std::string> options = {"--push", "--sbom=true", "--provenance=mode=max"};
  const auto built = machine.build(name, "FROM localhost/debian:1\nLABEL a=b\n", options, fixed);
  INFO(built.err);
  REQUIRE(built.code == 0);

  const auto index = json::parse(
      machine.must_run({"skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + name}));
  const auto about = index.at("manifests").at(1).at("digest").get<std::string>();
  const auto manifest =
      json::parse(machine.must_run({"skopeo", "inspect", "--raw", "--tls-verify=false",
                                    "docker://" + server.host() + "/team/app@" + about}));
  REQUIRE(manifest.at("layers").size() == 2);
  CHECK(manifest.at("layers")[0].at("annotations").at("in-toto.io/predicate-type") ==
        "https://spdx.dev/Document");

  const auto sbom = json::parse(machine.must({"inspect", "--remote", "--sbom", name}));
  CHECK(sbom == json::parse(machine.must({"inspect", "--sbom", name})));
  const auto mistakes = test::spdx_mistakes(sbom.dump());
  CAPTURE(mistakes);
  CHECK(mistakes.empty());
  CHECK(sbom.at("creationInfo").at("created") == "2023-11-14T22:13:20Z");
  std::set<std::string> ours;
  for (const auto& package : sbom.at("packages")) {
    if (package.contains("externalRefs"))
      ours.insert(package.at("name").get<std::string>() + " " +
                  package.at("versionInfo").get<std::string>());
  }
  std::set<std::string> theirs;
  const auto listed =
      machine.must_run({"dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package} ${Version}\n"});
  std::istringstream lines(listed);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("ii ")) theirs.insert(line.substr(3));
  }
  CHECK(!theirs.empty());
  CHECK(ours == theirs);

  const auto digest = machine.must({"images", "-q", name});
  REQUIRE(machine.build(name, "FROM localhost/debian:1\nLABEL a=b\n", options, fixed).code == 0);
  CHECK(machine.must({"images", "-q", name}) == digest);
}

TEST_CASE("attest: stages and the context have SBOMs where ARGs ask for them", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  const auto package = [&](const std::string& file, const std::string& name) {
    machine.write(file, R"({"name":")" + name + R"(","version":"1.0.0"})");
  };
  package("context/node_modules/of-context/package.json", "of-context");
  package("context/tools/package.json", "of-tools");
  package("context/app/package.json", "of-app");
  const std::string first = "FROM scratch AS tools\n";
  const std::string second =
      "COPY tools/package.json /t/node_modules/of-tools/\n"
      "FROM scratch\n";
  const std::string third =
      "COPY app/package.json /a/node_modules/of-app/\nCOPY --from=tools /t /b\n";
  const std::string stage = "ARG BUILDKIT_SBOM_SCAN_STAGE";
  const std::string context = "ARG BUILDKIT_SBOM_SCAN_CONTEXT";
  const auto name = server.host() + "/app:1";
  using Lists = std::vector<std::set<std::string>>;
  const auto listed = [&](const std::string& dockerfile, std::vector<std::string> args) {
    args.insert(args.end(), {"--push", "--sbom=true"});
    const auto built = machine.build(name, dockerfile, args);
    INFO(built.err);
    REQUIRE(built.code == 0);
    const auto text = machine.must({"inspect", "--sbom", name});
    CHECK(machine.must({"inspect", "--remote", "--sbom", name}) == text);
    std::istringstream documents(text);
    Lists lists;
    for (json document; documents >> std::ws && !documents.eof();) {
      documents >> document;
      CHECK(test::spdx_mistakes(document.dump()).empty());
      auto& names = lists.emplace_back();
      for (const auto& one : document.at("packages")) {
        if (one.contains("externalRefs")) names.insert(one.at("name").get<std::string>());
      }
    }
    return lists;
  };
  const std::set<std::string> own = {"of-app", "of-tools"};
  const std::set<std::string> tools = {"of-tools"};
  const std::set<std::string> files = {"of-context"};
  const auto written = first + stage + "=true\n" + second + context + "=true\n" + third;
  const auto declared = first + stage + "\n" + second + context + "\n" + third;
  const auto global = stage + "=false\n" + context + "=false\n" + first + second + third;
  const std::vector<std::string> both = {"--build-arg", "BUILDKIT_SBOM_SCAN_STAGE=tools",
                                         "--build-arg", "BUILDKIT_SBOM_SCAN_CONTEXT=1"};
  CHECK(listed(first + second + third, {}) == Lists{own});
  CHECK(listed(first + second + third, both) == Lists{own});
  CHECK(listed(written, {}) == Lists{own, files, tools});
  CHECK(listed(declared, {}) == Lists{own});
  CHECK(listed(declared, both) == Lists{own, files, tools});
  CHECK(listed(global, {}) == Lists{own});
  CHECK(listed(global, both) == Lists{own, files, tools});
  CHECK(listed(written, {"--build-arg", "BUILDKIT_SBOM_SCAN_STAGE=other"}) == Lists{own, files});

  const auto whole = machine.must({"inspect", "--sbom", "--raw", name});
  std::istringstream lines(whole);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    CHECK(json::parse(line).at("predicateType") == "https://spdx.dev/Document");
  CHECK(count == 2);
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
