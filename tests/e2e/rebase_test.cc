// `ibuild rebase`: what comes out is what a build on the new base would give.
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

/// A registry with team/base:1 and :2, and team/app:1 on the former.
struct Setting {
  RegistryServer server;
  Machine machine;

  Setting() {
    push_base("1", "ENV PATH=/bin VERSION=1\nLABEL base=1\nCMD [\"old\"]\n");
    push_base("2", "COPY g /g\nENV PATH=/bin VERSION=2\nLABEL base=2\nUSER 5\nCMD [\"new\"]\n");
    build_on("1", "app:1",
             {"--annotation", "org.opencontainers.image.base.name=" + name("base:1")});
  }
  std::string name(const std::string& tag) const { return server.host() + "/team/" + tag; }
  void push_base(const std::string& version, const std::string& rest) {
    machine.write("context/f", "base " + version + "\n");
    machine.write("context/g", "more\n");
    build("FROM scratch\nCOPY f /f\n" + rest, "base:" + version, {});
  }
  void build_on(const std::string& version, const std::string& tag,
                const std::vector<std::string>& options) {
    machine.write("context/own", "own\n");
    build(
        "FROM " + name("base:" + version) + "\nCOPY own /own\nENV OWN=1\nLABEL own=1\nEXPOSE 80\n",
        tag, options);
  }
  void build(const std::string& dockerfile, const std::string& tag,
             std::vector<std::string> options) {
    options.emplace_back("--push");
    REQUIRE(machine.build(name(tag), dockerfile, options, {.env = {"SOURCE_DATE_EPOCH=1700000000"}})
                .code == 0);
  }
  std::string config(const std::string& tag) const {
    return machine.must({"inspect", "--remote", "--config", name(tag)});
  }
};

}  // namespace

TEST_CASE("rebase: gives what a build on the new base gives", "[e2e]") {
  if (!has_registry()) return;
  Setting setting;
  const auto& machine = setting.machine;
  const auto before = remote_digest(machine, setting.name("app:1"));
  const auto out = machine.must({"rebase", setting.name("app:1"), "--onto", setting.name("base:2"),
                                 "-t", setting.name("app:2"), "--format", "json"});
  const auto json = nlohmann::json::parse(out);
  CHECK(json["Name"] == setting.name("app:2"));
  CHECK(json["Digest"] == remote_digest(machine, setting.name("app:2")));
  CHECK(json["Source"] == setting.name("app:1"));
  CHECK(json["Onto"] == setting.name("base:2"));
  REQUIRE(json["Images"].size() == 1);
  CHECK(json["Images"][0]["OldBase"].get<std::string>().ends_with(
      remote_digest(machine, setting.name("base:1"))));
  CHECK(json["Images"][0]["NewBase"].get<std::string>().ends_with(
      remote_digest(machine, setting.name("base:2"))));
  CHECK(json["Images"][0]["Kept"].empty());
  CHECK(json["Blobs"]["Mounted"] == 2);
  CHECK(json["Blobs"]["Sent"] == 1);

  setting.build_on("2", "built:2", {});
  CHECK(setting.config("app:2") == setting.config("built:2"));
  CHECK(remote_digest(machine, setting.name("app:1")) == before);

  // And back, with what the rebased image says of its base.
  machine.must({"rebase", "-q", setting.name("app:2"), "--onto", setting.name("base:1")});
  CHECK(setting.config("app:2") == setting.config("app:1"));
}

TEST_CASE("rebase: the result runs and is pulled; --old-base, --dry-run", "[e2e]") {
  if (!has_registry()) return;
  Setting setting;
  const auto& machine = setting.machine;
  setting.build_on("1", "plain:1", {});
  const auto plain = setting.name("plain:1");
  const auto onto = setting.name("base:2");
  const auto refused = machine.ibuild({"rebase", plain, "--onto", onto});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Catch::Contains("--old-base"));

  const auto before = remote_digest(machine, plain);
  const auto shown = machine.must(
      {"rebase", plain, "--onto", onto, "--old-base", setting.name("base:1"), "--dry-run"});
  CHECK(nlohmann::json::parse(shown)["layers"].size() == 3);
  CHECK(remote_digest(machine, plain) == before);

  machine.must({"rebase", plain, "--onto", onto, "--old-base", setting.name("base:1")});
  CHECK(remote_digest(machine, plain) != before);
  Machine visitor(machine.who());
  visitor.must({"build", "-q", "-o", "out", "-"}, {.stdin_text = "FROM " + plain});
  CHECK(visitor.read("out/f") == "base 2\n");
  CHECK(visitor.read("out/g") == "more\n");
  CHECK(visitor.read("out/own") == "own\n");
}

TEST_CASE("rebase: what is not sure to be safe is refused", "[e2e]") {
  if (!has_registry()) return;
  Setting setting;
  const auto& machine = setting.machine;
  const auto app = setting.name("app:1");
  const auto before = remote_digest(machine, app);
  const auto result = machine.ibuild(
      {"rebase", app, "--onto", setting.name("base:1"), "--old-base", setting.name("base:2")});
  CHECK(result.code == 1);
  CHECK(count("\n" + result.err, "\nERROR: ") == 1);
  CHECK_THAT(result.err, Catch::Contains("does not stand on") && Catch::Contains("layer 1 is"));
  CHECK(machine.ibuild({"rebase", app}).code == 2);
  CHECK(machine.ibuild({"rebase", app, "--onto", setting.name("base:9")}).code != 0);
  CHECK(remote_digest(machine, app) == before);
}
