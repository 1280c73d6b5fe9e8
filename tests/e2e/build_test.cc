#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/digest.h"
#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

/// A Dockerfile with two stages, files and commands of all kinds.
constexpr const char* kApp = R"(FROM localhost/base:1 AS build
WORKDIR /src
COPY main.txt .
ARG SUFFIX=none
RUN tr a-z A-Z < main.txt > out.txt && echo "suffix $SUFFIX" >> out.txt

FROM localhost/base:1
WORKDIR /app
COPY --from=build --chown=alice:staff /src/out.txt ./result
COPY . data/
ENV GREETING="hello there"
USER alice
EXPOSE 8000
LABEL kind=test
CMD ["cat", "result"]
)";

void prepare(Machine& machine) {
  machine.make_base();
  machine.write("context/main.txt", "some text\n");
  machine.write("context/sub/other.txt", "other\n");
  machine.write("context/.dockerignore", "*.log\n");
  machine.write("context/noise.log", "left out\n");
}

}  // namespace

TEST_CASE("build: a two-stage image is built and runs, for everybody", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      prepare(machine);
      const auto built = machine.build("app:1", kApp, {"--build-arg", "SUFFIX=given"});
      INFO(built.err);
      REQUIRE(built.code == 0);
      CHECK(built.out.empty());
      CHECK(machine.must({"run", "app:1"}) == "SOME TEXT\nsuffix given");
      CHECK(machine.must({"run", "app:1", "sh", "-c",
                          "id -un; stat -c %U:%G result; echo $GREETING; pwd; ls data"}) ==
            "alice\nalice:staff\nhello there\n/app\nmain.txt\nsub");
      CHECK(machine.processes_left().empty());
      CHECK(machine.mounts_left().empty());
    }
  }
}

TEST_CASE("build: a user without ranges builds and runs what one id is enough for", "[e2e]") {
  for (const Who who : everybody()) {
    if (who != Who::single) continue;
    Machine machine(who);
    machine.write("base/Dockerfile",
                  "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", "
                  "\"-s\", \"/bin\"]\n");
    machine.must_run({"cp", "/bin/busybox", machine.path("base/busybox")});
    machine.must({"build", "-t", "base", machine.path("base")});
    const auto built =
        machine.build("app:1", "FROM base\nRUN echo made > /made\nCMD [\"cat\", \"/made\"]\n");
    INFO(built.err);
    REQUIRE(built.code == 0);
    CHECK(machine.must({"run", "app:1"}) == "made");
    CHECK(machine.processes_left().empty());
  }
}

TEST_CASE("build: the second time every step comes from the cache", "[e2e]") {
  Machine machine;
  prepare(machine);
  REQUIRE(machine.build("app:1", kApp).code == 0);
  const auto again = machine.build("app:1", kApp);
  CHECK(again.code == 0);
  CHECK(count(again.err, "CACHED") >= 6);
  CHECK_THAT(again.err, !Catch::Contains("why:"));
}

TEST_CASE("build: touching a file changes nothing, editing it re-runs what reads it", "[e2e]") {
  Machine machine;
  prepare(machine);
  const std::string dockerfile =
      "FROM localhost/base:1\nCOPY main.txt /one\nRUN echo first > /first\nCOPY sub /two\nRUN echo "
      "second > /second\n";
  const auto digest = [&] { return machine.build("app:1", dockerfile, {"-q"}).out; };
  const auto first = digest();
  machine.must_run({"touch", "-d", "2001-01-01", "context/main.txt", "context/sub/other.txt"});
  CHECK(digest() == first);
  machine.write("context/sub/other.txt", "edited\n");
  const auto edited = machine.build("app:1", dockerfile);
  CHECK_THAT(edited.err, Catch::Contains("RUN echo first > /first\n#"));
  CHECK(machine.must({"run", "app:1", "cat", "/two/other.txt"}) == "edited");
  const auto log = edited.err;
  // The first RUN stands before the edited file, the second after it.
  const auto first_run = log.find("RUN echo first");
  CHECK(log.substr(first_run, log.find("\n\n", first_run) - first_run).find("CACHED") !=
        std::string::npos);
  const auto second_run = log.find("RUN echo second");
  CHECK(log.substr(second_run, log.find("\n\n", second_run) - second_run).find("CACHED") ==
        std::string::npos);
}

TEST_CASE("build: --no-cache runs everything", "[e2e]") {
  Machine machine;
  prepare(machine);
  REQUIRE(machine.build("app:1", kApp).code == 0);
  const auto again = machine.build("app:1", kApp, {"--no-cache"});
  CHECK(again.code == 0);
  CHECK_THAT(again.err, Catch::Contains("RUN tr a-z A-Z") && Catch::Contains("DONE"));
  const auto run = again.err.find("RUN tr a-z");
  CHECK(again.err.substr(run, again.err.find("\n\n", run) - run).find("CACHED") ==
        std::string::npos);
}

TEST_CASE("build: only what the target needs is built", "[e2e]") {
  Machine machine;
  prepare(machine);
  const std::string dockerfile =
      "FROM localhost/base:1 AS a\nRUN echo a > /a\nFROM localhost/base:1 AS broken\nRUN exit 1\n"
      "FROM a AS last\nCOPY --from=broken / /x\n";
  CHECK(machine.build("app:1", dockerfile, {"--target", "a"}).code == 0);
  CHECK(machine.must({"run", "app:1", "cat", "/a"}) == "a");
  CHECK(machine.build("app:1", dockerfile).code == 1);
}

TEST_CASE("build: independent stages run at the same time", "[e2e]") {
  Machine machine;
  machine.make_base();
  // Each waits for the other on the network of the host, which they share.
  const std::string wait =
      "nc -l -p $MINE -w 30 </dev/null >/dev/null & i=0; "
      "until nc -w 1 127.0.0.1 $THEIRS </dev/null 2>/dev/null; "
      "do i=$((i+1)); [ $i -lt 400 ] || exit 1; usleep 50000; done; wait";
  const int port = 20000 + getpid() % 10000;
  const auto stage = [&](const std::string& name, int mine, int theirs) {
    return "FROM localhost/base:1 AS " + name + "\nRUN MINE=" + std::to_string(mine) +
           "; THEIRS=" + std::to_string(theirs) + "; " + wait + "; echo " + name + " > /met\n";
  };
  const auto built = machine.build(
      "app:1", stage("one", port, port + 1) + stage("two", port + 1, port) +
                   "FROM scratch\nCOPY --from=one /met /1\nCOPY --from=two /met /2\n");
  INFO(built.err);
  CHECK(built.code == 0);
}

TEST_CASE("build: a failing step is told with its log, its place and its code", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.write("base/Dockerfile", "FROM scratch\nCOPY busybox /bin/sh\n");
      machine.must_run({"cp", "/bin/busybox", machine.path("base/busybox")});
      machine.must({"build", "-q", "-t", "base", machine.path("base")});
      const auto failed =
          machine.build("app:1", "FROM base\nENV A=1\nRUN echo last words; exit 42\n");
      CHECK(failed.code == 1);
      CHECK_THAT(failed.err, Catch::Contains("ERROR:") && Catch::Contains("42"));
      CHECK_THAT(failed.err, Catch::Contains("> [") && Catch::Contains("last words"));
      CHECK_THAT(failed.err, Catch::Contains("Dockerfile:3"));
      CHECK(failed.out.empty());
      CHECK(machine.ibuild({"images", "-q", "app:1"}).out.empty());
    }
  }
}

TEST_CASE("build: a step that a signal ended gives the shell's code for it", "[e2e]") {
  Machine machine;
  machine.make_base();
  const auto failed =
      machine.build("app:1", "FROM localhost/base:1\nRUN sh -c 'kill -9 $$'; exit $?\n");
  CHECK(failed.code == 1);
  CHECK_THAT(failed.err, Catch::Contains("137"));
}

TEST_CASE("build: a typo gets a suggestion, and the place", "[e2e]") {
  Machine machine;
  const auto failed = machine.build("app:1", "FROM scratch\nCOPPY a b\n");
  CHECK(failed.code == 1);
  CHECK_THAT(failed.err, Catch::Contains("Dockerfile:2") && Catch::Contains("COPY"));
}

TEST_CASE("build: quiet prints the image's id, and files hold the results", "[e2e]") {
  Machine machine;
  machine.write("context/f", "x");
  const auto built = machine.build(
      "app:1", "FROM scratch\nCOPY f /\n",
      {"-q", "--iidfile", machine.path("home/id"), "--metadata-file", machine.path("home/meta")});
  REQUIRE(built.code == 0);
  CHECK(built.err.empty());
  REQUIRE(built.out.ends_with('\n'));
  const auto id = built.out.substr(0, built.out.size() - 1);
  CHECK(base::Digest::try_parse(id));
  CHECK(id == machine.read("home/id"));
  const auto digest = machine.must({"images", "-q", "app"});
  const auto meta = machine.read("home/meta");
  CHECK_THAT(meta, Catch::Contains("\"containerimage.digest\": \"" + digest + "\""));
  CHECK_THAT(meta, Catch::Contains("\"containerimage.config.digest\": \"" + id + "\""));
  CHECK_THAT(meta, Catch::Contains("\"image.name\": \"docker.io/library/app:1\""));
  CHECK_THAT(machine.must({"inspect", id}), Catch::Contains(digest));

  // The same config under another manifest is no second meaning of the id.
  const auto again =
      machine.build("other:1", "FROM scratch\nCOPY f /\n", {"-q", "--annotation=a=b"});
  CHECK(again.out == built.out);
  CHECK(machine.must({"images", "-q", "other"}) != digest);
  CHECK_THAT(machine.must({"inspect", id}), Catch::Contains(id));
}

TEST_CASE("build: what is no image has no id, but metadata", "[e2e]") {
  Machine machine;
  machine.write("context/f", "x");
  const std::string dockerfile = "FROM scratch\nCOPY f /\n";
  const auto output = "type=local,dest=" + machine.path("home/out");
  const auto refused =
      machine.build("app:1", dockerfile, {"-o", output, "--iidfile", machine.path("home/id")});
  CHECK(refused.code != 0);
  CHECK_THAT(refused.err, Catch::Contains("--iidfile needs an output that is an image"));
  CHECK_FALSE(machine.exists("home/out"));
  const auto built = machine.build("app:1", dockerfile,
                                   {"-o", output, "--metadata-file", machine.path("home/meta")});
  CHECK(built.code == 0);
  CHECK(machine.exists("home/out/f"));
  CHECK(machine.exists("home/meta"));
  const auto ignored = machine.build("app:1", dockerfile, {"--ignorefile", "nofile"});
  CHECK_THAT(ignored.err, Catch::Contains("--ignorefile") && Catch::Contains("nofile"));
}

TEST_CASE("build: metadata tells the warnings where BUILDX_METADATA_WARNINGS asks for them",
          "[e2e]") {
  Machine machine;
  machine.write("context/f", "x");
  const auto warnings_of = [&](const std::string& dockerfile, const std::string& value) {
    const auto built =
        machine.build("app:1", dockerfile, {"--metadata-file", machine.path("home/meta")},
                      {.env = {"BUILDX_METADATA_WARNINGS=" + value}});
    UNSCOPED_INFO(built.err);
    REQUIRE(built.code == 0);
    return nlohmann::json::parse(machine.read("home/meta"))
        .value("buildx.build.warnings", nlohmann::json());
  };
  const std::string dockerfile = "FROM scratch\nMAINTAINER me\nCOPY f /\n";
  CHECK(warnings_of(dockerfile, "").is_null());
  CHECK(warnings_of(dockerfile, "false").is_null());
  CHECK(warnings_of("FROM scratch\nCOPY f /\n", "1").is_null());
  const auto told = warnings_of(dockerfile, "true");
  REQUIRE(told.size() == 1);
  CHECK(told[0].at("level") == 1);
  CHECK(base::decode_base64(told[0].at("short").get<std::string>()) ==
        "MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label "
        "(line 2)");
  CHECK(base::decode_base64(told[0].at("detail").at(0).get<std::string>()) ==
        "The MAINTAINER instruction is deprecated, use a label instead to define an image author");
  CHECK(told[0].at("url") == "https://docs.docker.com/go/dockerfile/rule/maintainer-deprecated/");
  CHECK(base::decode_base64(told[0].at("sourceInfo").at("data").get<std::string>()) == dockerfile);
  CHECK(told[0].at("range") ==
        nlohmann::json::parse(R"([{"start": {"line": 2}, "end": {"line": 2}}])"));
}

TEST_CASE("build: the Dockerfile may come from standard input, and there may be several names",
          "[e2e]") {
  Machine machine;
  machine.write("context/f", "x");
  const auto built =
      machine.ibuild({"-f", "-", "-t", "one", "-t", "h.example/two:2", machine.path("context")},
                     {.stdin_text = "FROM scratch\nCOPY f /\n"});
  INFO(built.err);
  REQUIRE(built.code == 0);
  CHECK(machine.must({"images", "-q", "one:latest"}) ==
        machine.must({"images", "-q", "h.example/two:2"}));
}

TEST_CASE("build: the Dockerfile may come through a pipe", "[e2e]") {
  Machine machine;
  machine.write("context/f", "x");
  machine.must_run({"mkfifo", machine.path("context/pipe")});
  for (const std::string& file : {std::string("/dev/fd/5"), machine.path("context/pipe")}) {
    INFO(file);
    const std::vector<std::string> around = {
        "bash", "-c",
        file == "/dev/fd/5" ? R"(exec "$@" 5< <(printf 'FROM scratch\nCOPY f /\n'))"
                            : R"(printf 'FROM scratch\nCOPY f /\n' >"$0" & exec "$@")",
        file};
    const auto built =
        machine.ibuild({"-f", file, "-t", "one", machine.path("context")}, {.around = around});
    INFO(built.err);
    CHECK(built.code == 0);
  }
}

// The directories of the system itself stay, as BuildKit leaves them; nothing is in them.
TEST_CASE("build: no stub of a mount point stays in a layer", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.write("base/Dockerfile", "FROM scratch\nCOPY busybox /bin/sh\n");
      machine.must_run({"cp", "/bin/busybox", machine.path("base/busybox")});
      machine.must({"build", "-q", "-t", "base", machine.path("base")});
      const auto built = machine.build(
          "app:1", "FROM base\nRUN cat /etc/resolv.conf /etc/hosts >/dev/null; echo x > /made\n",
          {"-o", "type=tar,dest=" + machine.path("home/root.tar")});
      INFO(built.err);
      REQUIRE(built.code == 0);
      CHECK(machine.must_run({"tar", "-tf", "home/root.tar"}) ==
            "bin/\nbin/sh\ndev/\nmade\nproc/\nsys/");
    }
  }
}

TEST_CASE("build: a step without network has none", "[e2e]") {
  Machine machine;
  machine.make_base();
  const auto built = machine.build(
      "app:1", "FROM localhost/base:1\nRUN --network=none ls /sys/class/net > /nets\n");
  INFO(built.err);
  REQUIRE(built.code == 0);
  CHECK(machine.must({"run", "app:1", "cat", "/nets"}) == "lo");
}

TEST_CASE("build: an image without RUN needs no sandbox", "[e2e]") {
  Machine machine;
  machine.write("context/f", "x");
  CHECK(machine.build("app:1", "FROM scratch\nCOPY f /\nCMD [\"/f\"]\n", {"--isolation", "none"})
            .code == 0);
  const auto refused =
      machine.build("app:1", "FROM scratch\nRUN [\"/f\"]\n", {"--isolation", "none"});
  CHECK(refused.code == 4);
  CHECK_THAT(refused.err, Catch::Contains("--isolation=none"));
}

TEST_CASE("build: escape sequences of a step do not reach the terminal", "[e2e]") {
  Machine machine;
  machine.make_base();
  const auto built = machine.build(
      "app:1", "FROM localhost/base:1\nRUN printf 'a\\033]0;title\\007b\\033[2Jc\\n'\n");
  CHECK(built.code == 0);
  CHECK(built.err.find('\x1b') == std::string::npos);
  CHECK_THAT(built.err, Catch::Contains(" abc\n"));
}

TEST_CASE("build: what is not supported is refused before anything is done", "[e2e]") {
  Machine machine;
  const auto refused = machine.build("app:1", "FROM scratch\n", {"--cgroup-parent", "x/../y"});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Catch::Contains("--cgroup-parent x/../y: it must not hold"));
}
