#include "cli/outline_report.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "parser/dockerfile.h"

using namespace ibuild;
using Json = nlohmann::json;

namespace {

parser::StageList stages_of(const std::string& text) {
  parser::Diagnostics unused;
  return parser::build_stages(parser::parse_dockerfile(text, unused), unused);
}

builder::Outline sample() {
  return {
      .name = "app",
      .description = "does it",
      .args = {{"TAG", "what to take", "1", {{1, 1}, {1, 9}}}, {"EMPTY", "", "", {{2, 1}, {3, 4}}}},
      .secrets = {{"token", true, {{5, 1}, {5, 9}}}},
      .ssh = {{"default", false, {{6, 1}, {6, 9}}}}};
}

constexpr const char* kFile = "# one is first\nFROM base AS one\nFROM --platform=linux/arm64 one\n";

}  // namespace

TEST_CASE("outline report: text", "[cli]") {
  CHECK(cli::outline_text(sample()) ==
        "TARGET:      app\nDESCRIPTION: does it\n\n"
        "BUILD ARG   VALUE   DESCRIPTION\nTAG         1       what to take\nEMPTY\n\n"
        "SECRET   REQUIRED\ntoken    true\n\n"
        "SSH       REQUIRED\ndefault\n\n");
}

TEST_CASE("outline report: JSON in the form of frontend.outline", "[cli]") {
  const auto json = Json::parse(cli::outline_json(sample(), "FROM x\n"));
  CHECK(json["name"] == "app");
  CHECK(json["description"] == "does it");
  CHECK(json["args"][0] ==
        Json({{"name", "TAG"},
              {"description", "what to take"},
              {"value", "1"},
              {"location", Json::parse(R"({"ranges":[{"start":{"line":1},"end":{"line":1}}]})")}}));
  CHECK(json["args"][1]["location"] == Json::parse(R"({"ranges":[
      {"start":{"line":2},"end":{"line":2}},{"start":{"line":3},"end":{"line":3}}]})"));
  CHECK_FALSE(json["args"][1].contains("value"));
  CHECK(json["secrets"][0]["required"] == true);
  CHECK_FALSE(json["ssh"][0].contains("required"));
  CHECK(json["sources"] == Json::array({"RlJPTSB4Cg=="}));
}

TEST_CASE("targets report: text and JSON", "[cli]") {
  const auto stages = stages_of(kFile);
  CHECK(cli::targets_text(stages) == "TARGET      DESCRIPTION\none         is first\n(default)\n");
  const auto json = Json::parse(cli::targets_json(stages, kFile));
  REQUIRE(json["targets"].size() == 2);
  CHECK(json["targets"][0]["name"] == "one");
  CHECK(json["targets"][0]["description"] == "is first");
  CHECK(json["targets"][0]["base"] == "base");
  CHECK_FALSE(json["targets"][0].contains("default"));
  CHECK_FALSE(json["targets"][1].contains("name"));
  CHECK(json["targets"][1]["default"] == true);
  CHECK(json["targets"][1]["platform"] == "linux/arm64");
  CHECK(json["targets"][1]["location"]["ranges"][0]["start"]["line"] == 3);
}

TEST_CASE("describe report: text and JSON", "[cli]") {
  CHECK(cli::describe_text() ==
        "NAME                   VERSION   DESCRIPTION\n"
        "outline                1.0.0     List all parameters current build target supports\n"
        "targets                1.0.0     List all targets current build supports\n"
        "lint                   1.0.0     Lint a Dockerfile\n"
        "subrequests.describe   1.0.0     List available subrequest types\n");
  const auto json = Json::parse(cli::describe_json());
  REQUIRE(json.size() == 4);
  CHECK(json[0] == Json::parse(R"({
      "name": "frontend.outline", "version": "1.0.0", "type": "rpc",
      "description": "List all parameters current build target supports",
      "opts": [{"name": "target", "description": "Target build stage"}], "inputs": null,
      "metadata": [{"name": "result.json", "description": ""},
                   {"name": "result.txt", "description": ""}], "refs": null})"));
  CHECK(json[2]["metadata"][2]["name"] == "result.statuscode");
  CHECK(json[3]["opts"] == Json::array());
}
