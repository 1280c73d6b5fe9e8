#include "cli/debug/debug_command.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "base/error.h"

using ibuild::cli::run_debug;
using Json = nlohmann::json;

namespace {

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome run(const std::vector<std::string>& args, const std::string& input) {
  std::istringstream in(input);
  std::ostringstream out, err;
  const int code = run_debug(args, in, out, err);
  return {code, out.str(), err.str()};
}

Json answer(const std::string& word, const Json& question) {
  return Json::parse(run({word}, Json{{"cases", {question}}}.dump()).out).at("results").at(0);
}

}  // namespace

TEST_CASE("debug_command: parse prints the AST", "[cli]") {
  const Outcome outcome = run({"parse", "-"}, "FROM a\n");
  CHECK(outcome.code == 0);
  CHECK(outcome.out == "(from \"a\")\n");
}

TEST_CASE("debug_command: parse shows where the fault is", "[cli]") {
  const Outcome outcome = run({"parse", "-"}, "CMD [1]\n");
  CHECK(outcome.code == 1);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.find("   1 | >>> CMD [1]\n") != std::string::npos);
}

TEST_CASE("debug_command: a missing file is a fault", "[cli]") {
  CHECK_THROWS_AS(run({"parse", "/no/such/file"}, ""), ibuild::base::SystemError);
}

TEST_CASE("debug_command: words are expanded", "[cli]") {
  const Json question = {
      {"id", "1"}, {"op", "word"}, {"input", "$a-$b"}, {"env", {"a=1", "b"}}, {"escape", "\\"}};
  CHECK(answer("words", question) == Json{{"id", "1"}, {"result", "1-"}});
  CHECK(answer("words", {{"op", "words"}, {"input", "a b"}})["result"] == Json{"a", "b"});
  CHECK(answer("words", {{"op", "word"}, {"input", "${"}}).contains("error"));
}

TEST_CASE("debug_command: ignore files are read and matched", "[cli]") {
  CHECK(answer("dockerignore", {{"op", "file"}, {"content", "# x\n/a/\n"}})["patterns"] ==
        Json{"a"});
  CHECK(answer("dockerignore", {{"op", "match"}, {"patterns", {"a"}}, {"path", "a/b/"}})["match"] ==
        true);
  CHECK(answer("dockerignore", {{"op", "match"}, {"patterns", nullptr}, {"path", "a"}})["match"] ==
        false);
  CHECK(answer("dockerignore", {{"op", "match"}, {"patterns", {"*"}}, {"path", "."}})["match"] ==
        false);
}

TEST_CASE("debug_command: plan prints the steps, without the images they stand on", "[cli]") {
  const Outcome outcome =
      run({"plan", "-", "V=2"}, "ARG V=1\nFROM a:$V AS x\nFROM x\nCOPY b /\nONBUILD RUN c\n");
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.out, Catch::Contains("[stage-1 1/1] COPY b /\n    copy-from context\n") &&
                              Catch::Contains("history COPY b / # buildkit [step 1]\n"));
  // Of an environment that which changed.
  const auto steps = run({"plan", "-"}, "FROM a\nENV X=1\nRUN b\nENV Y=2\nRUN c\n").out;
  CHECK_THAT(steps, Catch::Contains("RUN b\n    argv [\"/bin/sh\" \"-c\" \"b\"]\n    env PATH=") &&
                        Catch::Contains("RUN c\n    on step 1\n") &&
                        Catch::Contains("\"c\"]\n    env Y=2\n    cwd /\n"));
  CHECK(run({"plan", "-"}, "FROM a\nCOPY --from=7 b /\n").err.find("COPY --from=7") !=
        std::string::npos);
  CHECK_THROWS_AS(run({"plan", "-", "V"}, ""), ibuild::base::UsageError);
}

TEST_CASE("debug_command: references are taken apart", "[cli]") {
  const Json image = answer("reference", {{"input", "a:1"}});
  CHECK(image["normalized"] == "docker.io/library/a:1");
  CHECK(image["domain"] == "docker.io");
  CHECK(image["path"] == "library/a");
  CHECK(image["tag"] == "1");
  CHECK(answer("gitref", {{"input", "https://x/a.git#b:c"}})["subdir"] == "c");
  CHECK(answer("gitref", {{"input", "a"}}).contains("error"));
}

TEST_CASE("debug_command: findings come sorted, with their lines", "[cli]") {
  const Json found =
      answer("lint", {{"dockerfile", "FROM scratch as B\nCOPY x $y\n"}, {"dockerignore", "x\n"}});
  CHECK(found["warnings"].dump() ==
        R"([["CopyIgnoredFile",2],["FromAsCasing",1],["StageNameCasing",1],["UndefinedVar",2]])");
}

TEST_CASE("debug_command: instructions and documents are judged", "[cli]") {
  CHECK(answer("instructions", {{"dockerfile", "FROM a\n"}})["ok"] == true);
  CHECK(answer("instructions", {{"dockerfile", "NOPE\n"}})["error"].get<std::string>().find(
            "NOPE") != std::string::npos);
  CHECK(answer("specdocs", {{"kind", "imagelayout"},
                            {"document", "{\"imageLayoutVersion\": \"1.0.0\"}"}})["valid"] == true);
  CHECK(answer("specdocs", {{"kind", "config"}, {"document", "{"}}).contains("error"));
}

TEST_CASE("debug_command: a case of the wrong shape is an error of that case", "[cli]") {
  CHECK(answer("words", {{"id", "7"}})["id"] == "7");
  CHECK(answer("words", {{"id", "7"}}).contains("error"));
}

TEST_CASE("debug_command: other words and inputs are refused", "[cli]") {
  CHECK_THROWS_AS(run({"nonsense"}, "{}"), ibuild::base::UsageError);
  CHECK_THROWS_AS(run({}, ""), ibuild::base::UsageError);
  CHECK_THROWS_AS(run({"words"}, "not json"), ibuild::base::UsageError);
  CHECK_THROWS_AS(run({"words"}, "{}"), ibuild::base::UsageError);
}

TEST_CASE("debug_command: plan refuses check options that are none", "[cli]") {
  const Outcome outcome = run({"plan", "-"}, "# check=skpi=all\nFROM a\n");
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.err, Catch::Contains("invalid check option"));
}

TEST_CASE("debug_command: lint tells of a refused file what comes before the fault", "[cli]") {
  const auto lint = [](const std::string& text) { return answer("lint", {{"dockerfile", text}}); };
  const auto unreadable = lint("FROM a as b\nRUN <<E\n");
  CHECK(unreadable["warnings"].empty());
  CHECK(unreadable.contains("fault"));
  CHECK(lint("FROM a as b\nWORKDIR x\nCOPY --from=9 x y\n")["warnings"] ==
        Json::array({Json::array({"FromAsCasing", 1})}));
  CHECK(lint("FROM a\nWORKDIR x\nSTOPSIGNAL no\nENV a b\n")["warnings"] ==
        Json::array({Json::array({"WorkdirRelativePath", 2})}));
  const Json bad_pattern =
      answer("lint", {{"dockerfile", "FROM a as b\nWORKDIR x\n"}, {"dockerignore", "[\n"}});
  CHECK(bad_pattern["warnings"] == Json::array({Json::array({"FromAsCasing", 1})}));
  CHECK(bad_pattern.contains("fault"));
}

TEST_CASE("debug_command: lint goes on behind what only the step itself may meet", "[cli]") {
  for (const char* run : {"--security=insecure a", "--network=host a", "--device=a b", "[]"}) {
    INFO(run);
    const Json found =
        answer("lint", {{"dockerfile", "FROM a\nRUN " + std::string(run) + "\nWORKDIR x\n"}});
    CHECK(found["warnings"] == Json::array({Json::array({"WorkdirRelativePath", 3})}));
    CHECK_FALSE(found.contains("fault"));
  }
}
