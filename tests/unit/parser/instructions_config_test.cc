// The instructions that only describe the image.
#include <catch2/catch.hpp>

#include "tests/unit/parser/parse_helpers.h"

using namespace ibuild::parser;
using test::code_of;
using test::only;
using Strings = std::vector<std::string>;

TEST_CASE("instructions_config: ENV has pairs, quotes and all", "[parser]") {
  const Env env = only<Env>("ENV a=\"1 2\" b=$c");
  REQUIRE(env.pairs.size() == 2);
  CHECK(env.pairs[0].key == "a");
  CHECK(env.pairs[0].value == "\"1 2\"");
  CHECK_FALSE(env.pairs[0].legacy);
  CHECK(env.pairs[1].value == "$c");
}

TEST_CASE("instructions_config: the old form is one pair", "[parser]") {
  const Label label = only<Label>("LABEL a b c=d");
  REQUIRE(label.pairs.size() == 1);
  CHECK(label.pairs[0].value == "b c=d");
  CHECK(label.pairs[0].legacy);
}

TEST_CASE("instructions_config: names cannot be blank", "[parser]") {
  CHECK(code_of("ENV =x") == "blank-name");
  CHECK(code_of("LABEL a=b =x") == "blank-name");
  CHECK(code_of("ARG =x") == "blank-name");
}

TEST_CASE("instructions_config: ARG has names with and without defaults", "[parser]") {
  const Arg arg = only<Arg>("# b is for beer\nARG a b=1 c=");
  REQUIRE(arg.definitions.size() == 3);
  CHECK_FALSE(arg.definitions[0].default_value);
  CHECK(arg.definitions[1].default_value == "1");
  CHECK(arg.definitions[1].doc_comment == "is for beer");
  CHECK(arg.definitions[0].doc_comment.empty());
  CHECK(arg.definitions[2].default_value == "");
}

TEST_CASE("instructions_config: EXPOSE's ports are sorted", "[parser]") {
  CHECK(only<Expose>("EXPOSE 80 443/tcp $p").ports == Strings{"$p", "443/tcp", "80"});
}

TEST_CASE("instructions_config: USER, WORKDIR, STOPSIGNAL and MAINTAINER take the whole line",
          "[parser]") {
  CHECK(only<User>("USER a b").user == "a b");
  CHECK(only<Workdir>("WORKDIR  /a b").path == "/a b");
  CHECK(only<StopSignal>("STOPSIGNAL SIGTERM").signal == "SIGTERM");
  CHECK(only<Maintainer>("MAINTAINER A <b@c>").author == "A <b@c>");
}

TEST_CASE("instructions_config: VOLUME takes words or a list", "[parser]") {
  CHECK(only<Volume>("VOLUME /a /b").paths == Strings{"/a", "/b"});
  CHECK(only<Volume>("VOLUME [\" /a b \"]").paths == Strings{"/a b"});
  CHECK(code_of("VOLUME [\" \"]") == "empty-volume");
  CHECK(code_of("VOLUME []") == "wrong-argument-count");
}

TEST_CASE("instructions_config: something must be said", "[parser]") {
  for (const char* keyword :
       {"ENV", "LABEL", "ARG", "EXPOSE", "USER", "WORKDIR", "VOLUME", "STOPSIGNAL", "MAINTAINER"}) {
    INFO(keyword);
    const auto fault = test::stage_fault("FROM scratch\n" + std::string(keyword));
    CHECK(fault.code == "wrong-argument-count");
    CHECK(fault.line == 2);
    CHECK(fault.message.find(keyword) == 0);
  }
}

TEST_CASE("instructions_config: flags are refused", "[parser]") {
  for (const char* line : {"ENV --x a=b", "LABEL --x a=b", "EXPOSE --x 80", "USER --x y",
                           "WORKDIR --x /y", "VOLUME --x /y", "MAINTAINER --x y"}) {
    INFO(line);
    CHECK(code_of(line) == "unknown-flag");
  }
}

TEST_CASE("instructions_config: where flags do nothing, that is said", "[parser]") {
  for (const char* line : {"ARG --x y", "STOPSIGNAL --x 9", "HEALTHCHECK --interval=1s NONE"}) {
    INFO(line);
    Diagnostics diagnostics;
    build_stages(test::parse("FROM a\n" + std::string(line)), diagnostics);
    REQUIRE(diagnostics.size() == 1);
    CHECK(diagnostics[0].message.find("--") != std::string::npos);
    CHECK(diagnostics[0].range.start.line == 2);
  }
}
