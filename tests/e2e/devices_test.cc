// Devices that RUN gets by the names that descriptions (CDI) give them.
#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

constexpr const char* kBase = "FROM localhost/base:1\n";

/// A machine with a description of vendor.com/thing=one: a node, a file and a variable.
class DeviceMachine : public Machine {
 public:
  explicit DeviceMachine(Who who) : Machine(who) {
    make_base();
    write("lib/thing.so", "a library\n", 0644);
    write("cdi/thing.yaml",
          "cdiVersion: 0.6.0\n"
          "kind: vendor.com/thing\n"
          "containerEdits:\n"
          "  env: [\"THING=described\"]\n"
          "devices:\n"
          "- name: one\n"
          "  containerEdits:\n"
          "    deviceNodes:\n"
          "    - path: /dev/thing\n"
          "      hostPath: /dev/zero\n"
          "    mounts:\n"
          "    - hostPath: " +
              path("lib") +
              "\n"
              "      containerPath: /usr/lib/thing\n"
              "      options: [ro, nosuid, bind]\n"
              "    additionalGids: [1234]\n"
              "- name: hooked\n"
              "  containerEdits:\n"
              "    hooks:\n"
              "    - hookName: createContainer\n"
              "      path: " +
              path("bin/hook") +
              "\n"
              "      args: [hook, made]\n"
              "    - hookName: startContainer\n"
              "      path: /bin/sh\n"
              "      args: [sh, -c, \"[ ! -e /refused ]\"]\n"
              "- name: ending\n"
              "  containerEdits:\n"
              "    hooks:\n"
              "    - hookName: poststop\n"
              "      path: /usr/bin/hook\n");
    // As those of the makers of cards do it, which link and list libraries.
    write("bin/hook",
          "#!/bin/sh\n"
          "state=$(cat); bundle=${state##*bundle\\\":\\\"}; bundle=${bundle%%\\\"*}\n"
          "grep -q '\"path\":\"rootfs\"' $bundle/config.json || exit 9\n"
          "mkdir -p $bundle/rootfs/usr/lib\n"
          "ln -sf thing.so $bundle/rootfs/usr/lib/$1.so\n",
          0755);
  }
  Output build_with(const std::string& steps, std::vector<std::string> options) {
    options.insert(options.end(), {"--progress=plain", "--cdi-config-dir=" + path("cdi")});
    return build("app:1", kBase + steps, options);
  }
};

constexpr const char* kUse =
    "RUN --device=vendor.com/thing=one head -c 3 /dev/thing | od -An -tx1 | grep ' 00 00 00' && "
    "[ $THING = described ] && grep library /usr/lib/thing/thing.so && "
    "! touch /usr/lib/thing/new\n"
    "RUN [ ! -e /dev/thing ] && [ ! -e /usr/lib/thing ] && [ -z \"$THING\" ]\n";

}  // namespace

TEST_CASE("devices: a step gets what the description of its device says, when it is allowed",
          "[e2e]") {
  for (const Who who : everybody()) {
    INFO(name_of(who));
    DeviceMachine machine(who);
    for (const char* allow : {"--allow=device", "--allow=device=vendor.com/thing=one",
                              "--allow=device=vendor.com/thing"}) {
      const auto built = machine.build_with(kUse, {allow, "--no-cache"});
      INFO(built.err);
      CHECK(built.code == 0);
    }
    const auto refused = machine.build_with(kUse, {"--no-cache"});
    CHECK(refused.code == 1);
    CHECK_THAT(refused.err, Catch::Contains("device vendor.com/thing=one is not allowed") &&
                                Catch::Contains("--allow device=vendor.com/thing=one"));
    CHECK(machine.processes_left().empty());
  }
}

TEST_CASE("devices: one that nobody describes is left out, or is an error if it is required",
          "[e2e]") {
  DeviceMachine machine(somebody());
  const auto optional = machine.build_with("RUN --device=vendor.com/other true\n", {});
  INFO(optional.err);
  CHECK(optional.code == 0);
  CHECK_THAT(optional.err, Catch::Contains("device vendor.com/other is not described in"));
  const auto required = machine.build_with("RUN --device=vendor.com/other,required true\n", {});
  CHECK(required.code == 1);
  CHECK_THAT(required.err, Catch::Contains("device vendor.com/other is not described in") &&
                               Catch::Contains("there are vendor.com/thing=ending"));
  const auto ending =
      machine.build_with("RUN --device=vendor.com/thing=ending true\n", {"--allow=device"});
  CHECK(ending.code == 1);
  CHECK_THAT(ending.err, Catch::Contains("the hook poststop /usr/bin/hook"));
}

TEST_CASE("devices: hooks of a description run before the step's program, or it does not run",
          "[e2e]") {
  for (const Who who : everybody()) {
    INFO(name_of(who));
    DeviceMachine machine(who);
    const auto built = machine.build_with(
        "RUN --device=vendor.com/thing=hooked [ \"$(readlink /usr/lib/made.so)\" = thing.so ]\n",
        {"--allow=device"});
    INFO(built.err);
    CHECK(built.code == 0);
    const auto failed = machine.build_with(
        "RUN touch /refused\nRUN --device=vendor.com/thing=hooked echo ran\n", {"--allow=device"});
    CHECK(failed.code == 4);
    CHECK_THAT(failed.err, Catch::Contains("the startContainer hook /bin/sh failed: exit code 1"));
    CHECK(machine.processes_left().empty());
  }
}

TEST_CASE("devices: an option gives one to all steps, and to `run`", "[e2e]") {
  DeviceMachine machine(somebody());
  const auto built = machine.build_with("RUN [ -c /dev/thing ] && [ $THING = described ]\n",
                                        {"--device=vendor.com/thing=one"});
  INFO(built.err);
  CHECK(built.code == 0);
  CHECK(machine.must({"run", "--cdi-config-dir", machine.path("cdi"), "--device",
                      "vendor.com/thing=one", "localhost/base:1", "sh", "-c",
                      "echo $THING; id -G; ls /usr/lib/thing"}) == "described\n0 1234\nthing.so");
  CHECK(machine.build_with("RUN true\n", {"--device=vendor.com/none"}).code != 0);
}
