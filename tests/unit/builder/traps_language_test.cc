// Traps of the Dockerfile language on which builders differ, each through a whole build.
#include <catch2/catch.hpp>

#include "base/error.h"
#include "parser/diagnostic.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;
using Strings = std::vector<std::string>;

namespace {

/// A fixture with a base image.
struct Trap {
  BuildFixture f;
  Trap() { f.images.add("base", {{"bin/sh", "sh"}}); }

  image::RuntimeConfig config(const std::string& dockerfile) {
    return f.config(f.build(dockerfile)).config;
  }
  /// A variable of the built image.
  std::string variable(const std::string& dockerfile, const std::string& name) {
    return config(dockerfile).env_value(name).value_or("(unset)");
  }
  /// What the last step ran with.
  sandbox::SandboxSpec last_step(const std::string& dockerfile) {
    f.build(dockerfile);
    return f.sandbox.specs().back();
  }
};

bool has(const Strings& env, const std::string& text) {
  return std::find(env.begin(), env.end(), text) != env.end();
}

}  // namespace

TEST_CASE("traps: one ENV sees the values from before it", "[builder]") {
  Trap t;
  CHECK(t.variable("FROM base\nENV a=0\nENV a=1 b=$a\n", "b") == "0");
  CHECK(t.variable("FROM base\nENV a=0\nENV a=1\nENV b=$a\n", "b") == "1");
}

TEST_CASE("traps: an ARG is empty before its line, and a global one without being named again",
          "[builder]") {
  Trap t;
  CHECK(t.variable("FROM base\nENV a=[$x]\nARG x=1\nENV b=[$x]\n", "a") == "[]");
  CHECK(t.variable("FROM base\nENV a=[$x]\nARG x=1\nENV b=[$x]\n", "b") == "[1]");
  CHECK(t.variable("ARG x=1\nFROM base\nENV a=[$x]\n", "a") == "[]");
  CHECK(t.variable("ARG x=1\nFROM base\nARG x\nENV a=[$x]\n", "a") == "[1]");
}

TEST_CASE("traps: ENV beats ARG, wherever it stands; --build-arg beats a default", "[builder]") {
  Trap t;
  t.f.request.build_args["x"] = "given";
  CHECK(t.variable("FROM base\nARG x=default\nENV a=$x\n", "a") == "given");
  CHECK(has(t.last_step("FROM base\nARG x=default\nENV x=env\nRUN one\n").env, "x=env"));
  CHECK(has(t.last_step("FROM base\nENV x=env\nARG x=default\nRUN two\n").env, "x=given"));
}

TEST_CASE("traps: the ENV of a stage beats a later ARG in the stages that stand on it",
          "[builder]") {
  Trap t;
  const std::string below = "FROM base AS a\nENV x=env y=1\nARG x=arg z=2\n";
  CHECK(t.variable(below + "ENV v=$x\n", "v") == "arg");
  CHECK(t.variable(below + "FROM a\nENV v=$x$z\n", "v") == "env2");
  CHECK(t.variable(below + "FROM a AS b\nARG x=again\nFROM b\nENV v=$x\n", "v") == "env");
  // What the image has comes last, in the image's order.
  const auto env = t.last_step(below + "ENV y=3 x=4\nFROM a\nRUN one\n").env;
  const auto place = [&](const std::string& text) {
    return std::find(env.begin(), env.end(), text) - env.begin();
  };
  CHECK(place("z=2") < place("x=4"));
  CHECK(place("x=4") < place("y=3"));
  CHECK(has(env, "y=3"));
}

TEST_CASE("traps: a stage inherits the ARGs of the stage it stands on", "[builder]") {
  Trap t;
  CHECK(t.variable("FROM base AS a\nARG x=1\nFROM a\nENV y=[$x]\n", "y") == "[1]");
  CHECK(t.variable("FROM base AS a\nARG x=1\nFROM base\nENV y=[$x]\n", "y") == "[]");
}

TEST_CASE("traps: single quotes make no exec form, other elements than texts an error",
          "[builder]") {
  Trap t;
  CHECK(t.config("FROM base\nCMD ['a', 'b']\n").cmd == Strings{"/bin/sh", "-c", "['a', 'b']"});
  CHECK(t.last_step("FROM base\nRUN ['a']\n").argv == Strings{"/bin/sh", "-c", "['a']"});
  CHECK_THROWS_AS(t.f.build("FROM base\nCMD [\"a\", 1]\n"), parser::DockerfileError);
  t.f.images.add("speaks", {{"bin/sh", "sh"}}).config.config.cmd = Strings{"talk"};
  CHECK(t.config("FROM speaks\nCMD []\n").cmd.value_or(Strings{}).empty());
}

TEST_CASE("traps: ENTRYPOINT drops an inherited CMD, not one of its own stage", "[builder]") {
  Trap t;
  t.f.images.add("speaks", {{"bin/sh", "sh"}}).config.config.cmd = Strings{"talk"};
  CHECK_FALSE(t.config("FROM speaks\nENTRYPOINT [\"e\"]\n").cmd.has_value());
  CHECK(t.config("FROM speaks\nCMD [\"c\"]\nENTRYPOINT [\"e\"]\n").cmd == Strings{"c"});
  CHECK(t.config("FROM speaks\nENTRYPOINT [\"e\"]\nCMD [\"c\"]\n").cmd == Strings{"c"});
  CHECK_FALSE(t.config("FROM speaks AS s\nCMD [\"c\"]\nFROM s\nENTRYPOINT [\"e\"]\n").cmd);
}

TEST_CASE("traps: WORKDIR goes on from where it is and expands variables", "[builder]") {
  Trap t;
  CHECK(t.config("FROM base\nWORKDIR a\nWORKDIR b/../c\n").working_dir == "/a/c");
  CHECK(t.config("FROM base\nENV d=/x\nWORKDIR $d/y\nWORKDIR $none\n").working_dir == "/x/y");
  t.f.images.add("works", {{"bin/sh", "sh"}}).config.config.working_dir = "/srv";
  CHECK(t.config("FROM works\nWORKDIR sub\n").working_dir == "/srv/sub");
}

TEST_CASE("traps: a stage hides an image of its name; a number is a stage", "[builder]") {
  Trap t;
  t.f.images.add("alpine", {{"who", "the image"}});
  const auto who = [&](const std::string& dockerfile) {
    return t.f.content(*t.f.tree(t.f.build(dockerfile)), "who");
  };
  t.f.write("who", "the stage");
  CHECK(who("FROM scratch AS alpine\nCOPY who /\nFROM scratch\nCOPY --from=alpine who /\n") ==
        "the stage");
  CHECK(who("FROM scratch\nCOPY who /\nFROM scratch\nCOPY --from=0 who /\n") == "the stage");
  CHECK(who("FROM scratch\nCOPY --from=alpine who /\n") == "the image");
  CHECK_THROWS_WITH(t.f.build("FROM scratch AS 0\n"), Catch::Contains("invalid name"));
  // A stage of its own image's name stands on the image.
  CHECK(who("FROM alpine AS alpine\nFROM alpine\n") == "the image");
  CHECK_THROWS_WITH(t.f.build("FROM scratch AS self\nCOPY --from=self who /\n"),
                    Catch::Contains("circular dependency"));
  try {
    t.f.build("FROM scratch AS self\nENV a=b\nCOPY --from=self who /\n");
    FAIL("a stage that copies from itself was built");
  } catch (const ibuild::parser::DockerfileError& error) {
    CHECK(error.range().start.line == 3);
  }
}

TEST_CASE("traps: heredocs: quotes keep variables, a dash takes tabs, two in a row", "[builder]") {
  Trap t;
  const auto tree =
      t.f.tree(t.f.build("FROM base\nENV v=1\n"
                         "COPY <<plain /plain\n$v ${v} \\$v \"q\"\nplain\n"
                         "COPY <<'raw' /raw\n$v \\$v\nraw\n"
                         "COPY <<-tabs /tabs\n\t\ta\n\t b\n\ttabs\n"
                         "COPY <<one <<two /both/\n1\none\n2\ntwo\n"));
  CHECK(t.f.content(*tree, "plain") == "1 1 $v \"q\"\n");
  CHECK(t.f.content(*tree, "raw") == "$v \\$v\n");
  CHECK(t.f.content(*tree, "tabs") == "a\n b\n");
  CHECK(t.f.content(*tree, "both/one") == "1\n");
  CHECK(t.f.content(*tree, "both/two") == "2\n");
}

TEST_CASE("traps: heredocs: ONBUILD carries one, a first line #! makes a script, CRLF ends one",
          "[builder]") {
  Trap t;
  const auto tree = t.f.tree(
      t.f.build("FROM base AS b\nONBUILD COPY <<EOF /on\nhello\nEOF\nFROM b\nCOPY <<EOF /own\r\n"
                "line\r\nEOF\r\n"));
  CHECK(t.f.content(*tree, "on") == "hello\n");
  CHECK(t.f.content(*tree, "own") == "line\r\n");
  const auto script = t.last_step("FROM base\nRUN <<EOF\n#!/bin/awk -f\nBEGIN {}\nEOF\n");
  CHECK(script.argv == Strings{"/bin/sh", "-c", "/dev/pipes/EOF"});
  CHECK(t.last_step("FROM base\nRUN <<EOF\ncd /\nls\nEOF\n").argv ==
        Strings{"/bin/sh", "-c", "cd /\nls\n"});
}

TEST_CASE("traps: USER may name nobody, a number without an entry, or a group", "[builder]") {
  Trap t;
  t.f.images.add("users", {{"etc/passwd", "root:x:0:0::/root:/bin/sh\nann:x:7:8::/home/ann:\n"},
                           {"etc/group", "root:x:0:\nstaff:x:50:ann\n"}});
  const auto step = [&](const std::string& user) {
    return t.last_step("FROM users\nUSER " + user + "\nRUN id " + user + "\n");
  };
  CHECK(t.config("FROM users\nUSER nobody-here\n").user == "nobody-here");
  CHECK_THROWS_WITH(step("nobody-here"), Catch::Contains("nobody-here"));
  CHECK(step("ann").additional_gids == std::vector<std::uint32_t>{8, 50});
  CHECK(has(step("ann").env, "HOME=/home/ann"));
  CHECK(step("ann:staff").gid == 50);
  CHECK(step("ann:staff").additional_gids == std::vector<std::uint32_t>{50});
  CHECK(step(":staff").uid == 0);
  CHECK(step(":staff").gid == 50);
  CHECK(step("1234").gid == 0);
  CHECK(has(step("1234").env, "HOME=/"));
  CHECK(step("0:0").uid == 0);
}

TEST_CASE("traps: platforms: tools of this machine, bases of none, and under another target",
          "[builder]") {
  Trap t;
  t.f.request.platforms = {image::parse_platform("linux/arm64")};
  CHECK(t.variable("FROM --platform=$BUILDPLATFORM base AS tools\nFROM scratch\n"
                   "ARG BUILDPLATFORM TARGETARCH\nENV p=$BUILDPLATFORM/$TARGETARCH\n",
                   "p") == image::host_platform().str() + "/arm64");
  const auto config = t.f.config(t.f.build("FROM base\nENV a=1\n"));
  CHECK(config.platform.architecture == "arm64");
  CHECK_FALSE(t.f.events.warnings().empty());  // the base is for this machine
  CHECK_THROWS_WITH(t.f.build("FROM --platform=$NONE base\n"), Catch::Contains("platform"));
}

TEST_CASE("traps: an image for Windows has another shell and no PATH", "[builder]") {
  Trap t;
  t.f.request.platforms = {image::parse_platform("windows/amd64")};
  const auto config = t.config("FROM scratch\nENTRYPOINT foo bar\n");
  CHECK(config.entrypoint == Strings{"cmd", "/S", "/C", "foo bar"});
  CHECK(config.env.empty());
}

TEST_CASE("traps: a secret in a variable is masked where the step is named", "[builder]") {
  Trap t;
  t.f.build(
      "FROM base\nENV token=stale\nRUN --mount=type=secret,id=x,env=token use $token $PATH\n");
  const auto names = t.f.events.vertex_names();
  const auto shown = [&](const std::string& part) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name.find(part) != std::string::npos;
    });
  };
  CHECK(shown("use **** /bin"));
  CHECK_FALSE(shown("stale"));
}

TEST_CASE("traps: stage names have any case, but for FROM, where lower case is wanted",
          "[builder]") {
  Trap t;
  const std::string start = "FROM base AS Build\nENV a=1\n";
  CHECK(t.variable(start + "FROM build\n", "a") == "1");
  CHECK_NOTHROW(t.f.build(start + "FROM scratch\nCOPY --from=BUILD /bin/sh /\n"));
  CHECK_THROWS_WITH(t.f.build(start + "FROM Build\n"), Catch::Contains("must be lowercase"));
}
