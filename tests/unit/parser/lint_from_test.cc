// The checks of FROM lines and of the variables in them.
#include <catch2/catch.hpp>

#include "tests/unit/parser/lint_helpers.h"

using namespace ibuild::parser;
using test::findings;
using test::first_message;
using Strings = std::vector<std::string>;

namespace {

LintOptions with_platform() {
  LintOptions options;
  options.platform_args = {{"TARGETPLATFORM", "linux/arm64"}, {"BUILDPLATFORM", "linux/amd64"}};
  return options;
}

std::string error_code(const std::string& dockerfile, const LintOptions& options = {}) {
  const LintReport report = lint_dockerfile(test::parse(dockerfile), options);
  return report.error ? report.error->code() : "";
}

}  // namespace

TEST_CASE("lint_from: variables of FROM are declared above it", "[parser]") {
  CHECK(findings("ARG base=scratch\nFROM $base\n").empty());
  CHECK(findings("ARG base=scratch\nFROM scratch$bas\n") == Strings{"UndefinedArgInFrom:2"});
  CHECK(first_message("ARG base=scratch\nFROM scratch$bas\n") ==
        "FROM argument 'bas' is not declared (did you mean base?)");
}

TEST_CASE("lint_from: a declared one without a value is no finding", "[parser]") {
  CHECK(findings("ARG x\nFROM scratch${x}\n").empty());
  CHECK(findings("FROM ${x:-scratch}\n") == Strings{"UndefinedArgInFrom:1"});
  CHECK(findings("FROM ${x:?no}\n") == Strings{"UndefinedArgInFrom:1"});
}

TEST_CASE("lint_from: what is no platform ends the checks and is not called constant", "[parser]") {
  LintOptions options;
  options.read_platform = [](std::string_view text) -> std::optional<LintPlatform> {
    if (text != "good") return std::nullopt;
    return LintPlatform{"linux", "arm64"};
  };
  CHECK(findings("FROM --platform=good scratch\n", options) ==
        Strings{"FromPlatformFlagConstDisallowed:1"});
  CHECK(findings("FROM --platform=good scratch AS for-arm64\n", options).empty());
  CHECK(findings("FROM --platform=bad scratch\nFROM scratch$x\n", options).empty());
  CHECK(error_code("FROM --platform=bad scratch\n", options) == "invalid-platform");
}

TEST_CASE("lint_from: platform variables are always there", "[parser]") {
  CHECK(findings("FROM --platform=$BUILDPLATFORM scratch\n", with_platform()).empty());
}

TEST_CASE("lint_from: a stage's own ARG is not seen by a later FROM", "[parser]") {
  CHECK(findings("FROM scratch\nARG x=1\nFROM scratch$x\n") == Strings{"UndefinedArgInFrom:3"});
}

TEST_CASE("lint_from: a blank base is a fault", "[parser]") {
  CHECK(error_code("ARG x\nFROM $x\n") == "blank-base");
  CHECK(error_code("ARG x\nFROM $x\n", {.build_args = {{"x", "scratch"}}}).empty());
}

TEST_CASE("lint_from: defaults should make a good name by themselves", "[parser]") {
  LintOptions options;
  options.build_args = {{"tag", "1"}};
  options.is_image_name = [](std::string_view name) { return !name.empty() && name.back() != ':'; };
  CHECK(findings("ARG tag\nFROM a:$tag\n", options) == Strings{"InvalidDefaultArgInFrom:2"});
  CHECK(findings("ARG tag=2\nFROM a:$tag\n", options).empty());
  CHECK(first_message("ARG tag\nFROM a:$tag\n", options) ==
        "Default value for ARG a:$tag results in empty or invalid base image name");
}

TEST_CASE("lint_from: the target platform need not be asked for", "[parser]") {
  CHECK(findings("FROM --platform=$TARGETPLATFORM scratch\n", with_platform()) ==
        Strings{"RedundantTargetPlatform:1"});
  CHECK(findings("FROM --platform=linux/${TARGETARCH:-arm64} scratch\n", with_platform()).empty());
}

TEST_CASE("lint_from: a constant platform is fine where the stage is named after it", "[parser]") {
  CHECK(findings("FROM --platform=linux/amd64 scratch AS base\n") ==
        Strings{"FromPlatformFlagConstDisallowed:1"});
  CHECK(findings("FROM --platform=linux/amd64 scratch AS base-amd64\n").empty());
  CHECK(findings("FROM --platform=linux/amd64 scratch AS linux\n").empty());
}

TEST_CASE("lint_from: a bad platform is a fault", "[parser]") {
  CHECK(error_code("FROM --platform=a/b/c/d scratch\n") == "invalid-platform");
  CHECK(error_code("FROM --platform=a//b scratch\n") == "invalid-platform");
  CHECK(error_code("FROM --platform=$nope scratch\n") == "invalid-platform");
}

TEST_CASE("lint_from: a bad substitution is a fault at its FROM", "[parser]") {
  CHECK(error_code("FROM ${a\n") == "bad-substitution");
  CHECK(error_code("ARG a=${b\nFROM scratch\n") == "bad-substitution");
}

TEST_CASE("lint_from: a comment above silences it", "[parser]") {
  CHECK(findings("# hi\n# check=skip=UndefinedArgInFrom\nFROM scratch$x\n").empty());
  CHECK(findings("# hi\n # check=skip=UndefinedArgInFrom\nFROM scratch$x\n").size() == 1);
}
