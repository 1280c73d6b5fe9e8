// FROM and ONBUILD.
#include <catch2/catch.hpp>

#include "tests/unit/parser/parse_helpers.h"

using namespace ibuild::parser;
using test::stage_fault;
using test::stages;

namespace {
From from(const std::string& line) { return stages(line).stages.at(0).from; }
}  // namespace

TEST_CASE("instructions_stage: FROM has an image and may have a platform", "[parser]") {
  CHECK(from("FROM a:1").image == "a:1");
  CHECK(from("FROM --platform=$BUILDPLATFORM a").platform == "$BUILDPLATFORM");
  CHECK(from("FROM a").platform.empty());
}

TEST_CASE("instructions_stage: a stage's name is lowered", "[parser]") {
  const From stage = from("FROM a aS Build.x-1_");
  CHECK(stage.name == "build.x-1_");
  CHECK(stage.name_as_written == "Build.x-1_");
  CHECK(stage.as_keyword == "aS");
}

TEST_CASE("instructions_stage: a stage's name begins with a letter", "[parser]") {
  const auto fault = stage_fault("FROM a AS 1x");
  CHECK(fault.code == "invalid-stage-name");
  CHECK(fault.column == 11);
  CHECK(stage_fault("FROM a AS x/y").code == "invalid-stage-name");
}

TEST_CASE("instructions_stage: FROM takes one or three words", "[parser]") {
  for (const char* line : {"FROM", "FROM a b", "FROM a AS", "FROM a IS b", "FROM a AS b c"}) {
    INFO(line);
    CHECK(stage_fault(line).code == "wrong-argument-count");
  }
}

TEST_CASE("instructions_stage: FROM knows one flag", "[parser]") {
  const auto fault = stage_fault("FROM --platfrom=x a");
  CHECK(fault.code == "unknown-flag");
  CHECK(fault.hint == "did you mean platform?");
}

TEST_CASE("instructions_stage: ONBUILD keeps the text of its instruction", "[parser]") {
  CHECK(test::only<OnBuild>("ONBUILD  RUN make \\\n  all").expression == "RUN make   all");
  CHECK(test::only<OnBuild>("onbuild copy --link a b").expression == "copy --link a b");
}

TEST_CASE("instructions_stage: ONBUILD carries heredocs with it", "[parser]") {
  CHECK(test::only<OnBuild>("ONBUILD COPY <<-A <<B /x/\n\t1\n\tA\n2\nB").expression ==
        "COPY <<-A <<B /x/\n\t1\nA\n2\nB");
}

TEST_CASE("instructions_stage: some instructions cannot be triggers", "[parser]") {
  for (const char* keyword : {"ONBUILD RUN x", "FROM x", "maintainer x"}) {
    INFO(keyword);
    CHECK(test::code_of(std::string("ONBUILD ") + keyword) == "onbuild-not-allowed");
  }
  CHECK(test::code_of("ONBUILD") == "wrong-argument-count");
  CHECK(test::code_of("ONBUILD --x RUN y") == "unknown-flag");
}
