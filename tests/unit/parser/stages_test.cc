#include <catch2/catch.hpp>

#include "tests/unit/parser/parse_helpers.h"

using namespace ibuild::parser;
using test::stage_fault;
using test::stages;

TEST_CASE("stages: instructions belong to the FROM above them", "[parser]") {
  const StageList list = stages("FROM a AS one\nRUN x\nFROM b\nRUN y\nRUN z\n");
  REQUIRE(list.stages.size() == 2);
  CHECK(list.stages[0].name() == "one");
  CHECK(list.stages[0].instructions.size() == 1);
  CHECK(list.stages[1].from.image == "b");
  CHECK(list.stages[1].instructions.size() == 2);
}

TEST_CASE("stages: a stage ranges from its FROM to its last line", "[parser]") {
  const StageList list = stages("FROM a\nRUN <<EOF\nx\nEOF\n\nFROM b\n");
  CHECK(list.stages[0].range.start.line == 1);
  CHECK(list.stages[0].range.end.line == 4);
  CHECK(list.stages[1].range.start.line == 6);
  CHECK(list.stages[1].range.end.line == 6);
}

TEST_CASE("stages: ARGs before the first FROM are global", "[parser]") {
  const StageList list = stages("ARG a\nARG b=1\nFROM c\nARG d\n");
  CHECK(list.global_args.size() == 2);
  CHECK(list.stages[0].instructions.size() == 1);
}

TEST_CASE("stages: a file may hold ARGs only", "[parser]") {
  CHECK(stages("ARG a\n").stages.empty());
}

TEST_CASE("stages: nothing else may stand before the first FROM", "[parser]") {
  const auto fault = stage_fault("ARG a\nRUN b\n");
  CHECK(fault.code == "no-stage");
  CHECK(fault.line == 2);
  CHECK_FALSE(fault.hint.empty());
}

TEST_CASE("stages: the instruction keeps its text and comments", "[parser]") {
  const StageList list = stages("# one first\nFROM a AS one\n# why\nrun x \\\n  y\n");
  CHECK(list.stages[0].doc_comment == "first");
  const Instruction& run = list.stages[0].instructions[0];
  CHECK(run.keyword == "run");
  CHECK(run.text == "run x   y");
  CHECK(run.comments == std::vector<std::string>{"why"});
  CHECK(run.range.start.line == 4);
}

TEST_CASE("stages: the escape character is handed on", "[parser]") {
  CHECK(stages("# escape=`\nFROM a\n").escape == '`');
}

TEST_CASE("stages: a misspelt instruction is pointed at, with the nearest one", "[parser]") {
  const auto fault = stage_fault("FROM a\n  WORKDRI /x\n");
  CHECK(fault.code == "unknown-instruction");
  CHECK(fault.message == "unknown instruction: WORKDRI");
  CHECK(fault.hint == "did you mean WORKDIR?");
  CHECK(fault.line == 2);
  CHECK(fault.column == 3);
}

TEST_CASE("stages: a file for another front end is told so", "[parser]") {
  const auto fault = stage_fault("//syntax=example.com/other\n{}\n");
  CHECK(fault.code == "unknown-instruction");
  CHECK(fault.hint.find("example.com/other") != std::string::npos);
}

TEST_CASE("stages: a trigger is one instruction without a place", "[parser]") {
  Diagnostics diagnostics;
  const Instruction instruction = parse_onbuild_trigger("COPY <<EOF /x\na\nEOF", diagnostics);
  CHECK(std::get<Copy>(instruction.body).sources.inline_files.at(0).content == "a\n");
  CHECK_FALSE(instruction.range.known());
}

TEST_CASE("stages: a bad trigger is a fault without a place", "[parser]") {
  for (const char* text :
       {"RUN a\nRUN b", "FROM a", "", "NOPE", "COPY a", "ONBUILD ONBUILD RUN x"}) {
    INFO(text);
    Diagnostics diagnostics;
    const auto fault = test::fault_in([&] { parse_onbuild_trigger(text, diagnostics); });
    CHECK_FALSE(fault.code.empty());
    CHECK(fault.line == 0);
    CHECK(fault.message.find("ONBUILD trigger: ") == 0);
  }
}

TEST_CASE("stages: ten thousand instructions are no burden", "[parser]") {
  std::string text = "FROM scratch\n";
  for (int i = 0; i < 10000; ++i) text += "ENV a" + std::to_string(i) + "=$b\n";
  CHECK(stages(text).stages[0].instructions.size() == 10000);
}
