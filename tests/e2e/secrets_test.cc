#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

constexpr const char* kValue = "open-sesame-1234";

/// Every file of the machine's store as one text, names included.
bool store_holds(const Machine& machine, const std::string& text) {
  return machine.run({"grep", "-raqF", "-e", text, machine.store()}).code == 0;
}

}  // namespace

TEST_CASE("secrets: a step sees them, in a file and in a variable, and nobody else", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.make_base();
      machine.write("home/secret", kValue, 0600);
      const std::string dockerfile =
          "FROM localhost/base:1\n"
          "RUN --mount=type=secret,id=f --mount=type=secret,id=v,env=V,required "
          "[ \"$(cat /run/secrets/f)\" = " +
          std::string("open-sesame-\"$((1200+34))\" ] && [ \"$V\" = in-a-variable ]\n") +
          "RUN [ ! -e /run/secrets ] && [ -z \"$V\" ]\n";
      const auto built = machine.build(
          "localhost/s:1", dockerfile,
          {"--secret", "id=f,src=" + machine.path("home/secret"), "--secret", "id=v,env=SECRET_V"},
          {.env = {"SECRET_V=in-a-variable"}});
      CAPTURE(built.err);
      CHECK(built.code == 0);
      CHECK_FALSE(store_holds(machine, kValue));
      const auto refused = machine.build(
          "localhost/s:2", "FROM localhost/base:1\nRUN --mount=type=secret,id=none,required true\n",
          {"--secret", "id=f,src=" + machine.path("home/secret")});
      CHECK(refused.code == 1);
      CHECK_THAT(refused.err,
                 Catch::Contains("secret none: not found") && Catch::Contains("--secret id=none"));
    }
  }
}

TEST_CASE("secrets: keys reach a step through an agent, and leave with it", "[e2e]") {
  if (!test::can_run("ssh-agent", has_program("ssh-agent"), "openssh-client is not installed"))
    return;
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.make_base();
      machine.must_run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "key-of-the-test",
                        "-f", machine.path("key")});
      machine.must_run({"cp", IBUILD_STEP_HELPER, "context/helper"});
      const auto built = machine.build(
          "localhost/a:1",
          "FROM localhost/base:1\n"
          "COPY helper /bin/\n"
          "RUN --mount=type=ssh,id=k helper keys $SSH_AUTH_SOCK | grep key-of-the-test\n"
          "RUN --mount=type=ssh [ ! -e /run/buildkit ]\n",
          {"--ssh", "k=" + machine.path("key")});
      CAPTURE(built.err);
      CHECK(built.code == 0);
      CHECK(machine.processes_left().empty());
    }
  }
}

TEST_CASE("secrets: one that a step writes into its layer fails the build, and is not kept",
          "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.make_base();
      machine.write("home/secret", std::string(kValue) + "\n", 0600);
      const std::string dockerfile =
          "FROM localhost/base:1\n"
          "RUN --mount=type=secret,id=f cat /run/secrets/f; echo key=$(cat /run/secrets/f) > "
          "/key\n";
      const std::vector<std::string> secret = {"--progress", "plain", "--secret",
                                               "id=f,src=" + machine.path("home/secret")};
      const auto refused = machine.build("localhost/s:1", dockerfile, secret);
      CHECK(refused.code == 1);
      CHECK_THAT(refused.err, Catch::Contains("the value of secret f is in the layer") &&
                                  Catch::Contains("/key") && Catch::Contains(" ***") &&
                                  !Catch::Contains(kValue));
      CHECK_FALSE(store_holds(machine, kValue));
      auto allowing = secret;
      allowing.insert(allowing.end(), {"--allow", "secret-in-layer"});
      CHECK(machine.build("localhost/s:1", dockerfile, allowing).code == 0);
    }
  }
}
