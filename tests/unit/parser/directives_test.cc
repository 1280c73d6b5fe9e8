#include "parser/directives.h"

#include <catch2/catch.hpp>

#include "tests/unit/parser/parse_helpers.h"

using namespace ibuild::parser;
using test::fault_in;

TEST_CASE("directives: key and value are read with blanks around the equals sign", "[parser]") {
  const auto block = parse_directives("#  Syntax =  docker/dockerfile:1  \nFROM x\n");
  REQUIRE(block.directives.size() == 1);
  CHECK(block.directives[0].name == "syntax");
  CHECK(block.directives[0].value == "docker/dockerfile:1");
  CHECK(block.directives[0].range.start == Position{1, 1});
  CHECK(block.last_line == 1);
}

TEST_CASE("directives: the escape character can be a backtick", "[parser]") {
  CHECK(parse_directives("# escape=`\n").escape == '`');
  CHECK(parse_directives("# escape=\\\n").escape == '\\');
  CHECK(parse_directives("FROM x\n").escape == '\\');
}

TEST_CASE("directives: any other escape character is refused", "[parser]") {
  const auto fault = fault_in([] { parse_directives("# syntax=x\n# escape=ab\n"); });
  CHECK(fault.code == "invalid-directive");
  CHECK(fault.line == 2);
}

TEST_CASE("directives: a key may be given once", "[parser]") {
  const auto fault = fault_in([] { parse_directives("# check=skip=all\n# CHECK=error=true\n"); });
  CHECK(fault.code == "duplicate-directive");
  CHECK(fault.line == 2);
}

TEST_CASE("directives: the block ends at a comment, a blank line or an instruction", "[parser]") {
  CHECK(parse_directives("# hello\n# escape=`\n").escape == '\\');
  CHECK(parse_directives("\n# escape=`\n").escape == '\\');
  CHECK(parse_directives("FROM x\n# escape=`\n").escape == '\\');
  CHECK(parse_directives("# unknown=1\n# escape=`\n").escape == '\\');
}

TEST_CASE("directives: several stand together in any order", "[parser]") {
  const auto block = parse_directives("# escape=`\r\n# check=skip=all\r\n# syntax=a\r\n# b\r\n");
  CHECK(block.directives.size() == 3);
  CHECK(block.last_line == 3);
  CHECK(block.directives[2].value == "a");
}

TEST_CASE("directives: behind a #! line syntax and check count, escape does not", "[parser]") {
  const auto block =
      parse_directives("#!/usr/bin/ibuild\n# syntax=a\n# escape=`\n# check=skip=all\n");
  CHECK(block.escape == '\\');
  REQUIRE(block.directives.size() == 2);
  CHECK(block.directives[1].name == "check");
  CHECK(block.last_line == 0);
}

TEST_CASE("directives: a directive needs a value", "[parser]") {
  CHECK_FALSE(parse_directive_text("escape="));
  CHECK_FALSE(parse_directive_text("escape"));
  CHECK(parse_directive_text("ESCAPE = x y")->value == "x y");
}

TEST_CASE("directives: the first word is what counts", "[parser]") {
  CHECK(first_word("docker/dockerfile:1 --flag") == "docker/dockerfile:1");
  CHECK(first_word("a") == "a");
}

TEST_CASE("directives: a front end can be asked for in three ways", "[parser]") {
  CHECK(detect_syntax("# syntax=one\nFROM x")->value == "one");
  CHECK(detect_syntax("#!/bin/x\n# syntax=one\nFROM x")->value == "one");
  CHECK(detect_syntax("// syntax=two\n{}")->value == "two");
  CHECK(detect_syntax("{\"syntax\": \"three\"}")->value == "three");
  CHECK_FALSE(detect_syntax("FROM x\n# syntax=one"));
}

TEST_CASE("directives: the Dockerfile language is known under all its names", "[parser]") {
  CHECK(is_dockerfile_frontend("docker/dockerfile"));
  CHECK(is_dockerfile_frontend("docker/dockerfile:1.7-labs"));
  CHECK(is_dockerfile_frontend("docker.io/docker/dockerfile:1@sha256:00"));
  CHECK(is_dockerfile_frontend("docker/dockerfile-upstream:master"));
  CHECK_FALSE(is_dockerfile_frontend("example.com/docker/dockerfile:1"));
  CHECK_FALSE(is_dockerfile_frontend("docker/dockerfile2"));
}

TEST_CASE("directives: another front end is warned of by name", "[parser]") {
  Diagnostics diagnostics;
  parse_dockerfile("# syntax=example.com/other:2 x\nFROM a\n", diagnostics);
  REQUIRE(diagnostics.size() == 1);
  CHECK(diagnostics[0].message.find("example.com/other:2 ") != std::string::npos);
  CHECK(diagnostics[0].range.start.line == 1);
  diagnostics.clear();
  parse_dockerfile("# syntax=docker/dockerfile:1\nFROM a\n", diagnostics);
  CHECK(diagnostics.empty());
}
