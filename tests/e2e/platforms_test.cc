// Builds for several platforms, and what becomes of them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "image/platform.h"
#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/support/foreign_program.h"
#include "tests/support/must_run.h"
#include "tests/support/registry_server.h"

using namespace ibuild;
using namespace ibuild::e2e;
using nlohmann::json;

namespace {

bool has_skopeo() { return test::can_run("peers", has_program("skopeo"), "skopeo is missing"); }

/// Needs no RUN.
const std::string kDockerfile =
    "FROM --platform=$BUILDPLATFORM scratch AS tool\nCOPY f /tool\n"
    "FROM scratch\nARG TARGETARCH TARGETPLATFORM\nLABEL platform=$TARGETPLATFORM\n"
    "COPY --from=tool /tool /tool\nCOPY f /only-$TARGETARCH\n";

const std::vector<std::string> kBoth = {"--platform", "linux/amd64,linux/arm64/v8"};

std::vector<std::string> both_and(std::vector<std::string> more) {
  more.insert(more.begin(), kBoth.begin(), kBoth.end());
  return more;
}

std::vector<std::string> platforms_in(const json& index) {
  std::vector<std::string> names;
  for (const auto& entry : index.at("manifests")) {
    names.push_back(entry.at("platform").at("os").get<std::string>() + "/" +
                    entry.at("platform").at("architecture").get<std::string>());
  }
  return names;
}

const std::vector<std::string> kNames = {"linux/amd64", "linux/arm64"};

/// Whether steps of this user can run programs for arm64.
bool can_emulate(const Machine& machine) {
  const auto report = json::parse(machine.must({"doctor", "--json"}));
  for (const auto& row : report.at("platforms")) {
    if (row.at("platform") == "linux/arm64")
      return test::can_run("emulation", row.at("runs").get<bool>(), row.at("how"));
  }
  return test::can_run("emulation", false, "linux/arm64 is not known");
}

/// The path of a static busybox for arm64, out of Debian's package; it is downloaded once and kept
/// beside the build directory. Empty when the package is out of reach.
std::string arm64_busybox() {
  const std::string folder = std::string(IBUILD_BINARY_DIR) + "/../e2e-bases";
  const std::string file = folder + "/busybox-arm64";
  // A configuration of its own keeps apt from the machine's lists and architectures.
  const std::string script = R"(set -e
[ ! -e "$2" ] || exit 0
mkdir -p "$1"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/lists/partial" "$dir/archives/partial"
cat >"$dir/apt.conf" <<EOF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::http::Timeout "20";
Dir::Cache "$dir";
Dir::State::Lists "$dir/lists";
Dir::State::status "/dev/null";
EOF
export APT_CONFIG=$dir/apt.conf
cd "$dir"
apt-get -qq update
apt-get -qq download busybox-static
dpkg-deb --fsys-tarfile busybox-static_*_arm64.deb | tar -xO ./bin/busybox >"$2.new"
chmod 755 "$2.new"
mv "$2.new" "$2"
)";
  const auto result = base::run_program({"sh", "-c", script, "sh", folder, file},
                                        {.timeout = std::chrono::minutes(5)});
  const bool got = result.status.success();
  const auto why = "busybox-static for arm64 cannot be downloaded: " + result.err;
  return test::can_run("arm64", got, why) ? file : "";
}

/// Two busyboxes in a context, and what makes an image of each.
const std::string kBusybox =
    "FROM scratch AS base\nARG TARGETARCH\nCOPY busybox-$TARGETARCH /bin/busybox\n"
    "COPY passwd /etc/passwd\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n"
    "FROM base\nRUN mkdir /d && uname -m >/d/arch && chown 1:2 /d/arch && chmod 4755 /d/arch\n"
    "RUN mkdir -m 1777 /tmp && su user -c 'id -u >/tmp/id && cat /tmp/id' && rm /tmp/id\n"
    "CMD [\"uname\", \"-m\"]\n";

void prepare_busyboxes(Machine& machine, const std::string& arm64) {
  machine.write("context/passwd", "root:x:0:0::/:/bin/sh\nuser:x:1:1::/:/bin/sh\n");
  machine.must_run({"cp", "/bin/busybox", machine.path("context/busybox-amd64")});
  machine.must_run({"cp", arm64, machine.path("context/busybox-arm64")});
}

}  // namespace

TEST_CASE("platforms: one build makes one image index", "[e2e]") {
  Machine machine;
  machine.write("context/f", "content\n");
  const auto built = machine.build(
      "app:1", kDockerfile,
      both_and({"--iidfile", machine.path("id"), "--metadata-file", machine.path("metadata")}));
  const auto quiet = machine.build("app:1", kDockerfile, both_and({"-q"}));
  INFO(built.err);
  REQUIRE(built.code == 0);
  CHECK_THAT(built.err, Catch::Contains("[linux/amd64 stage-1 2/2] COPY f /only-amd64") &&
                            Catch::Contains("[linux/arm64 stage-1 2/2] COPY f /only-arm64"));
  const auto index = json::parse(machine.must({"inspect", "--raw", "app:1"}));
  CHECK(platforms_in(index) == kNames);

  const auto metadata = json::parse(machine.read("metadata"));
  const auto digest = metadata.at("containerimage.digest").get<std::string>();
  CHECK(machine.read("id") == digest);
  CHECK(quiet.out == digest + "\n");
  CHECK(machine.must({"images", "-q", "app"}) == digest);
  CHECK(metadata.at("containerimage.descriptor").at("mediaType") ==
        "application/vnd.oci.image.index.v1+json");
  CHECK_FALSE(metadata.contains("containerimage.config.digest"));

  // Each of its images is the one that a build for that platform alone makes.
  for (const auto& entry : index.at("manifests")) {
    const auto platform = "linux/" + entry.at("platform").at("architecture").get<std::string>();
    REQUIRE(machine.build("one:1", kDockerfile, {"--platform", platform}).code == 0);
    CHECK(machine.must({"images", "-q", "one"}) == entry.at("digest"));
  }
}

TEST_CASE("platforms: archives and folders hold all of them", "[e2e]") {
  Machine machine;
  machine.write("context/f", "content\n");
  const auto tar = "type=tar,dest=" + machine.path("app.tar");
  REQUIRE(machine
              .build("app:1", kDockerfile,
                     both_and({"-o", tar, "-o", machine.path("out"), "-o",
                               "type=oci,dest=" + machine.path("oci.tar")}))
              .code == 0);
  CHECK(machine.read("out/linux_amd64/only-amd64") == "content\n");
  CHECK(machine.read("out/linux_arm64/only-arm64") == "content\n");
  CHECK(machine.must_run({"tar", "-tf", "app.tar"}) ==
        "linux_amd64/\nlinux_amd64/only-amd64\nlinux_amd64/tool\n"
        "linux_arm64/\nlinux_arm64/only-arm64\nlinux_arm64/tool");
  const auto refused = machine.build("app:1", kDockerfile,
                                     both_and({"-o", "type=docker,dest=" + machine.path("d")}));
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Catch::Contains("type=docker") && Catch::Contains("type=oci"));
  if (!has_skopeo()) return;
  for (const std::string architecture : {"amd64", "arm64"}) {
    CHECK_THAT(machine.must_run({"skopeo", "inspect", "--override-arch", architecture,
                                 "oci-archive:" + machine.path("oci.tar")}),
               Catch::Contains("\"platform\": \"linux/" + architecture + "\""));
  }
}

TEST_CASE("platforms: an index is pushed with its images, by a build and from the store", "[e2e]") {
  if (!has_registry() || !has_skopeo()) return;
  const RegistryServer server;
  Machine machine;
  machine.write("context/f", "content\n");
  const auto name = server.host() + "/team/app:1";
  const auto other = server.host() + "/team/other:1";
  const auto built = machine.build(name, kDockerfile, both_and({"--push"}));
  INFO(built.err);
  REQUIRE(built.code == 0);
  machine.must({"push", name, other});
  for (const auto& pushed : {name, other}) {
    const auto raw = machine.must_run(
        {"skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + pushed});
    CHECK(platforms_in(json::parse(raw)) == kNames);
    // A copy of all reads every blob and checks it.
    machine.must_run({"skopeo", "copy", "-q", "--all", "--src-tls-verify=false",
                      "docker://" + pushed, "dir:" + machine.path("copied")});
  }
}

TEST_CASE("platforms: the failing platform is named, and nothing is tagged", "[e2e]") {
  Machine machine;
  machine.write("context/only-amd64", "x");
  const auto failed =
      machine.build("app:1", "FROM scratch\nARG TARGETARCH\nCOPY only-$TARGETARCH /x\n", kBoth);
  CHECK(failed.code != 0);
  CHECK_THAT(failed.err, Catch::Contains("ERROR: linux/arm64: ") && Catch::Contains("only-arm64"));
  CHECK(machine.must({"images", "-q", "app"}).empty());
}

TEST_CASE("platforms: a step of another processor runs without any set-up", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      if (!can_emulate(machine)) return;
      machine.write("context/prog", test::arm64_program("emulated output\n", 0), 0755);
      const std::string dockerfile = "FROM scratch\nCOPY prog /prog\nRUN [\"/prog\"]\n";
      const auto built = machine.build("app:1", dockerfile, {"--platform", "linux/arm64"});
      INFO(built.err);
      REQUIRE(built.code == 0);
      CHECK_THAT(built.err, Catch::Contains("emulated output"));
      CHECK_THAT(machine.build("app:1", dockerfile, {"--platform", "linux/arm64"}).err,
                 Catch::Contains("CACHED"));
      CHECK(machine.must({"run", "app:1", "/prog"}) == "emulated output");
      CHECK(machine.mounts_left().empty());
    }
  }
}

TEST_CASE("platforms: a processor without an emulator is named with the package to install",
          "[e2e]") {
  Machine machine;
  machine.write("context/prog", "x", 0755);
  const auto failed = machine.build("app:1", "FROM scratch\nCOPY prog /prog\nRUN [\"/prog\"]\n",
                                    {"--platform", "linux/wasm"});
  CHECK(failed.code != 0);
  CHECK_THAT(failed.err, Catch::Contains("RUN [\"/prog\"]") &&
                             Catch::Contains("programs for wasm do not run here"));
}

TEST_CASE("platforms: Debian's busybox for two processors in one build, the same for every user",
          "[e2e]") {
  const bool fits = image::host_platform().architecture == "amd64";
  if (!test::can_run("amd64", fits, "this machine is of another kind")) return;
  if (!can_emulate(Machine())) return;
  const auto arm64 = arm64_busybox();
  if (arm64.empty()) return;
  std::vector<std::string> digests;
  for (const Who who : everybody()) {
    Machine machine(who);
    INFO(name_of(who));
    prepare_busyboxes(machine, arm64);
    const RunOptions options{.env = {"SOURCE_DATE_EPOCH=1700000000"}};
    const auto built = machine.build("app:1", kBusybox, kBoth, options);
    INFO(built.err);
    REQUIRE(built.code == 0);
    digests.push_back(machine.must({"images", "-q", "app"}));
    CHECK(machine.must({"run", "--platform", "linux/arm64", "app:1"}) == "aarch64");
    CHECK(machine.must({"run", "--platform", "linux/amd64", "app:1"}) == "x86_64");
    CHECK(machine.must({"run", "--platform", "linux/arm64", "app:1", "stat", "-c", "%a %u:%g",
                        "/d/arch"}) == "4755 1:2");
  }
  CHECK(std::adjacent_find(digests.begin(), digests.end(), std::not_equal_to<>()) == digests.end());
}

TEST_CASE("platforms: images of an index are pulled, shown, saved and loaded one by one or all",
          "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  machine.write("context/f", "content\n");
  const auto name = server.host() + "/team/app:1";
  REQUIRE(machine.build(name, kDockerfile, both_and({"-o", "type=registry"})).code == 0);
  const auto stored = [&] {
    std::vector<std::string> names;
    const auto shown = json::parse(machine.must({"inspect", name}));
    for (const auto& row : shown.at(0).at("Platforms")) {
      if (row.at("Stored").get<bool>()) names.push_back(row.at("Platform"));
    }
    return names;
  };
  machine.must_run({"rm", "-rf", machine.store()});
  machine.must({"pull", "--platform", "linux/arm64", name});
  CHECK(stored() == std::vector<std::string>{"linux/arm64"});
  CHECK_THAT(machine.must({"inspect", "--platform", "linux/arm64", "--config", name}),
             Catch::Contains("\"platform\":\"linux/arm64\""));
  machine.must({"pull", "--all-platforms", name});
  CHECK(stored() == kNames);

  machine.must({"save", "--format", "oci", "-o", machine.path("all.tar"), name});
  machine.must({"save", "--platform", "linux/arm64", "-o", machine.path("one.tar"), name});
  const auto digest = machine.must({"images", "-q", name});
  machine.must({"rmi", name});
  machine.must({"load", "-i", machine.path("all.tar")});
  CHECK(machine.must({"images", "-q", name}) == digest);
  CHECK(stored() == kNames);
  machine.must({"rmi", name});
  machine.must({"load", "-i", machine.path("one.tar")});
  CHECK(stored() == std::vector<std::string>{"linux/arm64"});
}

TEST_CASE("platforms: annotations lie in the index, its entries and the manifests", "[e2e]") {
  Machine machine;
  machine.write("context/f", "x");
  const auto built = machine.build(
      "app:1", kDockerfile,
      both_and({"--annotation", "index:team=web", "--annotation", "source=here", "--annotation",
                "manifest-descriptor[linux/arm64]:board=big", "-o",
                "type=oci,dest=" + machine.path("out") + ",tar=false,annotation.license=MIT"}));
  INFO(built.err);
  REQUIRE(built.code == 0);
  const auto blob = [&](const json& descriptor) {
    const auto digest = descriptor.at("digest").get<std::string>();
    return json::parse(machine.read("out/blobs/sha256/" + digest.substr(7)));
  };
  const auto index = blob(json::parse(machine.read("out/index.json")).at("manifests").at(0));
  CHECK(index.at("annotations") == json{{"team", "web"}});
  CHECK_FALSE(index.at("manifests").at(0).contains("annotations"));
  CHECK(index.at("manifests").at(1).at("annotations") == json{{"board", "big"}});
  for (const auto& entry : index.at("manifests"))
    CHECK(blob(entry).at("annotations") == json{{"license", "MIT"}, {"source", "here"}});
  const auto refused = machine.build("app:1", "FROM scratch\n", {"--annotation", "index:a=b"});
  CHECK(refused.code != 0);
  CHECK_THAT(refused.err, Catch::Contains("image index"));
}

TEST_CASE("platforms: a lone image of another platform is told, an index without it refused",
          "[e2e]") {
  Machine machine;
  machine.write("context/f", "data");
  const std::string other = image::host_platform().architecture == "arm64" ? "amd64" : "arm64";
  const auto ours = image::host_platform().str();
  const auto told = [&](const Output& output) {
    INFO(output.err);
    CHECK_THAT(output.err, Catch::Contains("is for linux/" + other + ", not for " + ours));
  };
  REQUIRE(machine.build("lone:1", kDockerfile, {"--platform", "linux/" + other}).code == 0);
  REQUIRE(machine.build("index:1", kDockerfile, kBoth).code == 0);
  told(machine.ibuild({"run", "lone:1", "/tool"}));
  const auto archive = machine.path("home/x.tar");
  const auto saved = machine.ibuild({"save", "--platform", ours, "-o", archive, "lone:1"});
  CHECK(saved.code == 0);
  told(saved);
  CHECK_THAT(machine.ibuild({"save", "-o", archive, "lone:1"}).err, !Catch::Contains("not for"));
  const auto refused =
      machine.ibuild({"save", "--platform", "linux/s390x", "-o", archive, "index:1"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Catch::Contains("linux/amd64, linux/arm64"));
  CHECK(machine.ibuild({"run", "--platform", "linux/s390x", "--pull", "never", "index:1"}).code ==
        125);

  if (!has_registry()) return;
  const RegistryServer server;
  const auto name = server.host() + "/lone:1";
  const auto pushed = machine.ibuild({"push", "--platform", ours, "lone:1", name});
  CHECK(pushed.code == 0);
  told(pushed);
  const auto pulled = machine.ibuild({"pull", name});
  CHECK(pulled.code == 0);
  told(pulled);
  CHECK_THAT(machine.ibuild({"pull", "--platform", "linux/" + other, name}).err,
             !Catch::Contains("not for"));
  machine.must({"push", "index:1", server.host() + "/index:1"});
  const auto missing =
      machine.ibuild({"pull", "--platform", "linux/s390x", server.host() + "/index:1"});
  CHECK(missing.code == 1);
  CHECK_THAT(missing.err, Catch::Contains("it offers linux/amd64, linux/arm64"));
}
