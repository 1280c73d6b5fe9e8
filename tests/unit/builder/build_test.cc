#include "builder/build.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "parser/diagnostic.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;

TEST_CASE("build: COPY on scratch makes one layer with what the context has", "[builder]") {
  BuildFixture f;
  f.write("app.py", "print(1)\n", 0755);
  const auto result = f.build("FROM scratch\nCOPY app.py /app/\n");
  const auto tree = f.tree(result);
  CHECK(f.content(*tree, "app/app.py") == "print(1)\n");
  CHECK(f.look(*tree, "app/app.py") == "file 0755 0:0");
  CHECK(f.look(*tree, "app") == "dir 0755 0:0");
  const auto config = f.config(result);
  CHECK(config.diff_ids.size() == 1);
  REQUIRE(config.history.size() == 1);
  CHECK(config.history[0].created_by == "COPY app.py /app/ # buildkit");
  CHECK(config.config.working_dir == "/");
  CHECK(result.names == std::vector<std::string>{"example.com/test:1"});
}

TEST_CASE("build: TARGETOSVERSION is the version of the platform's system", "[builder]") {
  BuildFixture f;
  const std::string dockerfile =
      "ARG TARGETOSVERSION\nFROM scratch\nARG TARGETOSVERSION\nARG TARGETPLATFORM\n"
      "LABEL version=$TARGETOSVERSION platform=$TARGETPLATFORM\n";
  f.request.platforms = {image::parse_platform("windows(10.0.17763)/amd64")};
  auto config = f.config(f.build(dockerfile));
  CHECK(config.config.labels.at("version") == "10.0.17763");
  CHECK(config.config.labels.at("platform") == "windows(10.0.17763)/amd64");
  CHECK(config.platform.os_version == "10.0.17763");
  f.request.platforms = {image::parse_platform("linux/amd64")};
  config = f.config(f.build(dockerfile));
  CHECK(config.config.labels.at("version").empty());
  f.request.build_args["TARGETOSVERSION"] = "7";
  CHECK(f.config(f.build(dockerfile)).config.labels.at("version") == "7");
}

TEST_CASE("build: --platform of FROM takes features of the system", "[builder]") {
  BuildFixture f;
  CHECK_NOTHROW(f.build("FROM --platform=windows(10.0.17763+win32k)/amd64 scratch\nLABEL a=b\n"));
  try {
    f.build("FROM scratch\nFROM --platform=windows(10.0+)/amd64 scratch\n");
    FAIL("built");
  } catch (const parser::DockerfileError& error) {
    CHECK_THAT(error.what(), Catch::Contains("failed to parse platform windows(10.0+)/amd64"));
    CHECK(error.range().start.line == 2);
  }
}

TEST_CASE("build: --from takes the number of a stage in any form", "[builder]") {
  BuildFixture f;
  f.write("a", "content");
  for (const char* number : {"0", "+0", "-0", "00"}) {
    CAPTURE(number);
    const auto result = f.build(
        "FROM scratch\nCOPY a /a\nFROM scratch\nCOPY --from=" + std::string(number) + " /a /b\n");
    CHECK(f.content(*f.tree(result), "b") == "content");
  }
  CHECK_THROWS_WITH(f.build("FROM scratch\nCOPY --from=+7 /a /b\n"), "invalid stage index 7");
}

TEST_CASE("build: the same build again hits in every step and gives the same image", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.write("a.txt", "a");
  const std::string dockerfile = "FROM base\nWORKDIR /app\nCOPY a.txt .\nRUN make\nENV A=1\n";
  f.sandbox.on("make", [](const base::DirFd& root, sandbox::StepObserver&) {
    base::write_file_atomically(root, base::RelPath::exact("made"), "made");
    return 0;
  });
  f.clock = base::Clock();
  const auto first = f.build(dockerfile);
  f.events.clear();
  const auto second = f.build(dockerfile);
  CHECK(first.image.digest == second.image.digest);
  CHECK(f.events.cached_count() == 4);
  CHECK(f.sandbox.commands() == std::vector<std::string>{"make"});
}

TEST_CASE("build: an edited file re-runs what reads it, and the miss says which", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.write("requirements.txt", "flask");
  f.write("src/app.py", "one");
  const std::string dockerfile = "FROM base\nCOPY requirements.txt /\nRUN install\nCOPY src /src\n";
  f.sandbox.on("install", [](const base::DirFd& root, sandbox::StepObserver&) {
    base::write_file_atomically(root, base::RelPath::exact("lib"), "lib");
    return 0;
  });
  f.build(dockerfile);
  f.write("src/app.py", "two");
  f.events.clear();
  const auto result = f.build(dockerfile);
  CHECK(f.events.reasons() == std::vector<std::string>{"src/app.py changed"});
  CHECK(f.sandbox.commands().size() == 1);
  CHECK(f.content(*f.tree(result), "src/app.py") == "two");
}

TEST_CASE("build: a step that makes the same files again does not touch what follows",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.clock = base::Clock();
  for (const std::string command : {"make v1", "make v2"}) {
    f.sandbox.on(command, [](const base::DirFd& root, sandbox::StepObserver&) {
      base::write_file_atomically(root, base::RelPath::exact("out"), "same");
      return 0;
    });
  }
  const auto first = f.build("FROM base\nRUN make v1\nRUN test\n");
  const auto second = f.build("FROM base\nRUN make v2\nRUN test\n");
  CHECK(f.sandbox.commands() == std::vector<std::string>{"make v1", "test", "make v2"});
  CHECK(f.config(first).diff_ids == f.config(second).diff_ids);
}

TEST_CASE("build: a failed RUN ends the build with its command and code", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.sandbox.on("exit 7", [](const base::DirFd&, sandbox::StepObserver& observer) {
    observer.output(sandbox::StepObserver::Stream::err, "no luck\n");
    return 7;
  });
  try {
    f.build("FROM base\nRUN exit 7\n");
    FAIL("it must throw");
  } catch (const parser::DockerfileError& error) {
    CHECK(std::string(error.what()) ==
          "process \"/bin/sh -c exit 7\" did not complete successfully: exit code: 7");
    CHECK(error.range().start.line == 2);
  }
  CHECK(f.events.log_text() == "no luck\n");
}

TEST_CASE("build: only stages that the target needs are built", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.build("FROM base AS a\nRUN a\nFROM base AS b\nRUN b\nFROM base\nCOPY --from=a /bin/sh /x\n");
  CHECK(f.sandbox.commands() == std::vector<std::string>{"a"});
}

TEST_CASE("build: without a RUN no sandbox is needed, with one the reason is said", "[builder]") {
  BuildFixture f;
  f.can_run = false;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.write("a", "a");
  CHECK_NOTHROW(f.build("FROM base\nCOPY a /\n"));
  CHECK_THROWS_WITH(f.build("FROM base\nRUN true\n"), Catch::Contains("no profile works"));
}

TEST_CASE("build: SOURCE_DATE_EPOCH as an argument comes before the environment's", "[builder]") {
  BuildFixture f;  // its clock stands still in November 2023
  f.write("a", "a");
  const auto created = [&](const std::string& dockerfile) {
    return f.config(f.build(dockerfile)).created;
  };
  const std::string copy = "FROM scratch\nCOPY a /\n";
  CHECK(created(copy) == "2023-11-14T22:13:20Z");
  f.request.build_args["SOURCE_DATE_EPOCH"] = "1000000000";
  CHECK(created(copy) == "2001-09-09T01:46:40Z");
  for (const std::string without : {"", "context"}) {
    f.request.build_args["SOURCE_DATE_EPOCH"] = without;
    CHECK(created(copy) > "2024");
  }
  f.request.build_args["SOURCE_DATE_EPOCH"] = "yesterday";
  CHECK_THROWS_WITH(f.build(copy), Catch::Contains("invalid SOURCE_DATE_EPOCH: yesterday"));
  f.request.build_args["SOURCE_DATE_EPOCH"] = "99999999999";
  CHECK_THROWS_WITH(f.build(copy), Catch::Contains("times end in 2262"));
  f.request.build_args.clear();
  f.clock = base::Clock();
  CHECK(created("ARG SOURCE_DATE_EPOCH=1000000000\n" + copy) == "2001-09-09T01:46:40Z");
}

TEST_CASE("build: another front end by BUILDKIT_SYNTAX is not used, which is told", "[builder]") {
  BuildFixture f;
  f.request.build_args["BUILDKIT_SYNTAX"] = "docker/dockerfile:1.7";
  f.build("FROM scratch\n");
  CHECK(f.events.warnings().empty());
  f.request.build_args["BUILDKIT_SYNTAX"] = "example.com/other:1 option";
  f.build("FROM scratch\n");
  REQUIRE(f.events.warnings().size() == 1);
  CHECK_THAT(f.events.warnings()[0], Catch::Contains("example.com/other:1 of BUILDKIT_SYNTAX"));
}

TEST_CASE("build: every stage begins with the variables that were given", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}}).config.config.set_env("A", "base");
  f.request.env = {{"A", "given $PATH"}, {"B", "2"}};
  const auto config = f.config(f.build("FROM base AS one\nENV B=own\nFROM one\nRUN two $A\n"));
  CHECK(config.config.env_value("A") == "given $PATH");
  CHECK(config.config.env_value("B") == "2");
  CHECK(std::ranges::count(f.sandbox.specs().at(0).env, "A=given $PATH") == 1);
  CHECK(config.history[config.history.size() - 2].created_by == "ENV A=given $PATH B=2");
  CHECK(f.config(f.build("FROM base\nENV B=own\n")).config.env_value("B") == "own");
}

TEST_CASE("build: labels of bases and stages need not be inherited", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}}).config.config.labels = {{"base", "1"}};
  f.request.inherits_labels = false;
  const auto config = f.config(f.build("FROM base AS one\nLABEL one=1\nFROM one\nLABEL two=2\n"));
  CHECK(config.config.labels == std::map<std::string, std::string>{{"two", "2"}});
}

TEST_CASE("build: the first FROM can stand on another image", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"who", "base"}});
  f.images.add("other", {{"who", "other"}});
  f.request.first_base = "other";
  const std::string dockerfile =
      "FROM base AS one\nFROM base\nCOPY --from=one /who /first\nCOPY --from=base /who /second\n";
  const auto tree = f.tree(f.build(dockerfile));
  CHECK(f.content(*tree, "first") == "other");
  CHECK(f.content(*tree, "second") == "base");
  CHECK(f.content(*tree, "who") == "base");
}

TEST_CASE("build: an image may be without history, with the same layers and time", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.write("a", "a");
  const auto with = f.config(f.build("FROM base\nCOPY a /\nENV A=1\n"));
  f.request.has_history = false;
  const auto without = f.config(f.build("FROM base\nCOPY a /\nENV A=1\n"));
  CHECK(without.history.empty());
  CHECK(without.diff_ids == with.diff_ids);
  CHECK(without.created == with.created);
  f.request.outputs = {{"image", {{"squash", "true"}}}};
  CHECK(f.config(f.build("FROM base\nCOPY a /\nENV A=1\n")).history.empty());
}

TEST_CASE("build: steps find the name servers that were given", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.request.dns = {.servers = {"192.0.2.7"}, .search = {"corp.example"}, .options = {}};
  f.build("FROM base\nRUN one\n");
  CHECK_THAT(f.sandbox.specs().at(0).resolv_conf,
             Catch::Contains("nameserver 192.0.2.7\n") && Catch::Contains("search corp.example\n"));
}

TEST_CASE("build: an image drops labels and variables that it shall not have; steps have them",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.request.labels = {{"c", "given"}};
  f.request.unset_labels = {"a", "c", "none"};
  f.request.unset_env = {"A", "NONE"};
  const auto config =
      f.config(f.build("FROM base\nLABEL a=1 b=2 c=3\nENV A=1 B=2\nRUN one\n")).config;
  CHECK(config.labels == std::map<std::string, std::string>{{"b", "2"}, {"c", "given"}});
  CHECK_FALSE(config.env_value("A"));
  CHECK(config.env_value("B") == "2");
  const auto specs = f.sandbox.specs();
  REQUIRE(specs.size() == 1);
  CHECK(std::ranges::count(specs[0].env, "A=1") == 1);
}

TEST_CASE("build: a stage of --no-cache-filter that is not there is told", "[builder]") {
  BuildFixture f;
  f.request.no_cache_stages = {"biuld", "BUILD"};
  f.build("FROM scratch AS build\nWORKDIR /a\n");
  CHECK(f.events.warnings() ==
        std::vector<std::string>{
            "--no-cache-filter: no stage is called biuld (did you mean build?)"});
}
