#include "builder/check.h"

#include <catch2/catch.hpp>

#include "builder/outline.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;

namespace {

builder::Services services_of(BuildFixture& f) {
  return {*f.store, nullptr, nullptr, "", {&f.images}, f.events, f.clock, f.pool};
}

parser::LintReport check(BuildFixture& f, const std::string& dockerfile) {
  f.request.dockerfile = dockerfile;
  const auto services = services_of(f);
  return builder::check_build(f.request, services, {});
}

std::vector<std::string> rules(const parser::LintReport& report) {
  std::vector<std::string> names;
  for (const auto& warning : report.warnings)
    names.push_back(warning.rule + ":" + std::to_string(warning.range.start.line));
  return names;
}

builder::Outline outline(BuildFixture& f, const std::string& text) {
  f.request.dockerfile = text;
  parser::Diagnostics unused;
  const auto dockerfile = parser::parse_dockerfile(text, unused);
  const auto services = services_of(f);
  const builder::BuildDescription description(f.request, dockerfile, services,
                                              builder::BuildDescription::Scope::target, {});
  return builder::make_outline(description, f.request);
}

std::vector<std::string> shown(const std::vector<builder::OutlineArg>& args) {
  std::vector<std::string> lines;
  for (const auto& arg : args) lines.push_back(arg.name + "=" + arg.value + ":" + arg.description);
  return lines;
}

}  // namespace

TEST_CASE("check: without a target all stages are looked at, with one those it needs",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {});
  const std::string text = "FROM base AS a\nWORKDIR x\nFROM base AS b\nWORKDIR y\n";
  CHECK(rules(check(f, text)) ==
        std::vector<std::string>{"WorkdirRelativePath:2", "WorkdirRelativePath:4"});
  f.request.target = "a";
  CHECK(rules(check(f, text)) == std::vector<std::string>{"WorkdirRelativePath:2"});
}

TEST_CASE("check: variables of the base are known", "[builder]") {
  BuildFixture f;
  f.images.add("base", {}).config.config.env = {"HOME_DIR=/h"};
  CHECK(rules(check(f, "FROM base\nWORKDIR $HOME_DIR\nLABEL a=$HOME_DIRS\n")) ==
        std::vector<std::string>{"UndefinedVar:3"});
}

TEST_CASE("check: a base for another platform, unless skipped", "[builder]") {
  BuildFixture f;
  f.images.add("base", {}).config.platform = image::parse_platform("linux/s390x");
  f.request.platforms = {image::parse_platform("linux/amd64")};
  CHECK(rules(check(f, "FROM base\n")) == std::vector<std::string>{"InvalidBaseImagePlatform:1"});
  CHECK(rules(check(f, "# check=skip=InvalidBaseImagePlatform\nFROM base\n")).empty());
}

TEST_CASE("check: a default that names no image", "[builder]") {
  BuildFixture f;
  f.images.add("base", {});
  f.request.build_args["NAME"] = "base";
  CHECK(rules(check(f, "ARG NAME\nFROM $NAME\n")) ==
        std::vector<std::string>{"InvalidDefaultArgInFrom:2"});
}

TEST_CASE("check: what would end the build is told with the findings", "[builder]") {
  BuildFixture f;
  f.images.add("base", {});
  auto report = check(f, "FROM base as a\nCOPY --from=7 x y\n");
  CHECK(rules(report) == std::vector<std::string>{"FromAsCasing:1"});
  REQUIRE(report.error);
  CHECK(report.error->code() == "bad-stage-index");
  CHECK(report.error->range().start.line == 2);
  report = check(f, "FRUM base\n");
  REQUIRE(report.error);
  CHECK(report.error->code() == "unknown-instruction");
}

TEST_CASE("check: a fault is told in the words of the build", "[builder]") {
  BuildFixture f;
  const auto report = check(f, "FROM --platform=$BULIDPLATFORM scratch\n");
  CHECK(rules(report) == std::vector<std::string>{"UndefinedArgInFrom:1"});
  REQUIRE(report.error);
  CHECK_THAT(report.error->what(),
             Catch::Contains("empty platform value from expression $BULIDPLATFORM"));
}

TEST_CASE("check: what only shows when steps are planned is told as well, of all stages",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {});
  const auto fault_of = [&](const std::string& line) {
    const auto report = check(f, "FROM base AS a\n" + line + "\nFROM base AS b\nWORKDIR x\n");
    CHECK(rules(report) == std::vector<std::string>{"WorkdirRelativePath:4"});
    if (!report.error) return std::string();
    return report.error->code() + ":" + std::to_string(report.error->range().start.line);
  };
  CHECK(fault_of("COPY --from=b /x /y") == "stage-not-yet-defined:2");
  CHECK(fault_of("RUN --mount=type=cache,target=/ x") == "bad-mount:2");
  CHECK(fault_of("RUN --security=insecure x").empty());  // of this machine, not of the file
  f.request.target = "b";
  CHECK(fault_of("COPY --from=b /x /y").empty());
}

TEST_CASE("check: a target that is not there is no fault of a line", "[builder]") {
  BuildFixture f;
  f.request.target = "nope";
  const auto report = check(f, "FROM scratch AS a\n");
  REQUIRE(report.error);
  CHECK(report.error->code() == "unknown-target");
  CHECK(report.error->range().start.line == 0);
}

TEST_CASE("check: findings that count as errors are one", "[builder]") {
  BuildFixture f;
  f.images.add("base", {});
  const auto report = check(f, "# check=error=true\nFROM base as a\nFROM base as a\n");
  REQUIRE(report.error);
  CHECK(std::string(report.error->what()) ==
        "lint violation found for rules: DuplicateStageName, FromAsCasing");
  CHECK_FALSE(check(f, "# check=error=true\nFROM base\n").error);
}

TEST_CASE("check: BUILDKIT_DOCKERFILE_CHECK counts instead of the file's line", "[builder]") {
  BuildFixture f;
  f.images.add("base", {});
  f.request.build_args["BUILDKIT_DOCKERFILE_CHECK"] = "skip=FromAsCasing";
  CHECK(rules(check(f, "# check=error=true\nFROM base as a\nWORKDIR x\n")) ==
        std::vector<std::string>{"WorkdirRelativePath:3"});
  CHECK_FALSE(check(f, "# check=error=true\nFROM base\nWORKDIR x\n").error);
}

TEST_CASE("check: the text alone needs no image", "[builder]") {
  builder::BuildRequest request;
  request.dockerfile = "FROM nowhere as a\nLABEL x=$Y\n";
  CHECK(rules(builder::check_text(request)) == std::vector<std::string>{"FromAsCasing:1"});
}

TEST_CASE("outline: args that the target makes use of, with value and description", "[builder]") {
  BuildFixture f;
  f.images.add("base", {});
  f.request.build_args["GIVEN"] = "from outside";
  const auto result = outline(f, R"(# REGION is where it runs
ARG REGION=eu
ARG TAG=$REGION-1
ARG IMAGE=base
ARG UNUSED=1
# app does the work
FROM $IMAGE AS app
ARG TAG
# GIVEN comes from outside
ARG GIVEN=default OWN=$TAG
ARG EMPTY
)");
  CHECK(result.name == "app");
  CHECK(result.description == "does the work");
  CHECK(shown(result.args) ==
        std::vector<std::string>{"REGION=eu:is where it runs", "TAG=eu-1:", "IMAGE=base:",
                                 "GIVEN=from outside:comes from outside", "OWN=eu-1:", "EMPTY=:"});
}

TEST_CASE("outline: stages that the target needs count, others do not", "[builder]") {
  BuildFixture f;
  f.images.add("base", {});
  const std::string text = R"(FROM base AS tools
ARG TOOL=1
RUN --mount=type=secret,id=token,required=true true
FROM base AS other
ARG OTHER=1
FROM tools AS app
ARG APP=1
RUN --mount=type=ssh --mount=type=secret,target=/run/x.pem true
)";
  auto result = outline(f, text);
  CHECK(shown(result.args) == std::vector<std::string>{"TOOL=1:", "APP=1:"});
  REQUIRE(result.secrets.size() == 2);
  CHECK(result.secrets[0].name == "token");
  CHECK(result.secrets[0].required);
  CHECK(result.secrets[0].range.start.line == 3);
  CHECK(result.secrets[1].name == "x.pem");
  CHECK_FALSE(result.secrets[1].required);
  REQUIRE(result.ssh.size() == 1);
  CHECK(result.ssh[0].name == "default");
  f.request.target = "other";
  result = outline(f, text);
  CHECK(shown(result.args) == std::vector<std::string>{"OTHER=1:"});
  CHECK(result.secrets.empty());
}

TEST_CASE("check: an option that is not known ends a build as well", "[builder]") {
  BuildFixture f;
  CHECK_THROWS_WITH(f.build("# check=skpi=all\nFROM scratch\nCOPY . /\n"),
                    "invalid check option \"skpi\"");
}

namespace {

/// The warnings of a build that fails.
std::vector<std::string> warnings_of_failure(BuildFixture& f, const std::string& dockerfile) {
  f.events.clear();
  CHECK_THROWS_AS(f.build(dockerfile), base::Error);
  std::vector<std::string> rules;
  for (const auto& warning : f.events.warnings()) rules.push_back(warning);
  return rules;
}

}  // namespace

TEST_CASE("check: before a fault a build tells what BuildKit has found until then", "[builder]") {
  BuildFixture f;
  f.images.add("base", {});
  // The instructions are looked at up to the one that fails.
  CHECK(warnings_of_failure(f, "FROM base as a\nWORKDIR x\nSTOPSIGNAL no\nENV y z\n").size() == 2);
  // No stage is looked into when a FROM, a --from or an image is wrong.
  CHECK(warnings_of_failure(f, "FROM base as a\nWORKDIR x\nCOPY --from=7 y z\n").size() == 1);
  CHECK(warnings_of_failure(f, "FROM nowhere as a\nWORKDIR x\n").size() == 1);
  CHECK(warnings_of_failure(f, "FROM base as a\nWORKDIR x\nFROM ${nope} as b\n").size() == 4);
  // All of it is where a step may not run, or cannot here: the front end knows nothing of that.
  for (const char* run : {"--security=insecure a", "--network=host a", "--device=a b", "[]"}) {
    INFO(run);
    CHECK(warnings_of_failure(f, "FROM base as a\nRUN " + std::string(run) + "\nWORKDIR x\n")
              .size() == 2);
  }
  // Nor is what follows an instruction that cannot be understood.
  CHECK(warnings_of_failure(f, "FROM base as a\nCOPY x\nFROM base as b\n").size() == 1);
  CHECK(warnings_of_failure(f, "FROM base as a\nNOPE x\n").size() == 1);
}

TEST_CASE("check: findings end a build only where nothing else does", "[builder]") {
  BuildFixture f;
  f.images.add("base", {});
  const std::string strict = "# check=error=true\nFROM base as a\n";
  CHECK_THROWS_WITH(f.build(strict), Catch::Contains("lint violation found for rules: From"));
  CHECK_THROWS_WITH(f.build(strict + "STOPSIGNAL no\n"), !Catch::Contains("lint violation"));
}

TEST_CASE("check: options that are none end a build before anything else", "[builder]") {
  BuildFixture f;
  CHECK_THROWS_WITH(f.build("# check=skpi=all\nFROM nowhere\n"),
                    Catch::Contains("invalid check option \"skpi\""));
  CHECK(f.events.warnings().empty());
  // Also where the file cannot be read.
  for (const char* rest :
       {"FROM base\nRUN <<EOF\n", "FROM base\nNOPE\n", "# escape=x\nFROM base\n"}) {
    INFO(rest);
    const auto text = std::string("# check=skpi=all\n") + rest;
    CHECK_THROWS_WITH(f.build(text), Catch::Contains("invalid check option \"skpi\""));
    const auto report = check(f, text);
    REQUIRE(report.error);
    CHECK_THAT(report.error->what(), Catch::Contains("invalid check option \"skpi\""));
    CHECK(report.error->range().start.line == 1);
  }
  // Behind a key given twice there is none.
  CHECK_THROWS_WITH(f.build("# syntax=a\n# syntax=b\n# check=skpi=all\nFROM base\n"),
                    Catch::Contains("only one syntax"));
  f.request.build_args["BUILDKIT_DOCKERFILE_CHECK"] = "skpi=all";
  const auto report = check(f, "FROM base\nRUN <<EOF\n");
  REQUIRE(report.error);
  CHECK_THAT(report.error->what(), Catch::Contains("invalid check option \"skpi\""));
}
