#include "cli/commands/check_command.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using Json = nlohmann::json;

namespace {

struct Answer {
  int code = 0;
  std::string out;
  std::string err;
};

/// `ibuild check` with a Dockerfile in a directory of its own.
class CheckFixture {
 public:
  std::string path(const std::string& name) const { return scratch_.host_path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    base::write_file_atomically(scratch_.dir(), base::RelPath::exact(name), text);
  }
  std::string read(const std::string& name) const {
    return base::read_file_at(scratch_.dir(), base::RelPath::exact(name), 1 << 20);
  }
  Answer check(std::vector<std::string> words, const std::string& input = "") const {
    std::istringstream in(input);
    std::ostringstream out, err;
    cli::CommandContext context{in, out, err};
    const int code = cli::run_check(words, context);
    return {code, out.str(), err.str()};
  }

 private:
  base::TempDir scratch_ = test::make_scratch_dir();
};

}  // namespace

TEST_CASE("check command: a directory, a file, standard input", "[cli]") {
  CheckFixture f;
  f.write("Dockerfile", "FROM scratch\n");
  f.write("Other", "FROM scratch as a\n");
  CHECK(f.check({f.path("")}).code == 0);
  CHECK(f.check({f.path("")}).out == "Check complete, no warnings found.\n");
  const auto other = f.check({f.path("Other")});
  CHECK(other.code == 1);
  CHECK(other.out.find("WARNING: FromAsCasing - https://docs.docker.com/go/dockerfile/rule/"
                       "from-as-casing/\n'as' and 'FROM' keywords' casing do not match\n" +
                       f.path("Other") + ":1:1\n") != std::string::npos);
  CHECK(f.check({"-f", f.path("Other"), f.path("")}).code == 1);
  CHECK(f.check({"-"}, "FROM scratch as b\n").code == 1);
}

TEST_CASE("check command: a Dockerfile that cannot be read is an error with its place", "[cli]") {
  CheckFixture f;
  f.write("Dockerfile", "FROM scratch\nRUUN x\n");
  const auto answer = f.check({f.path("Dockerfile")});
  CHECK(answer.code == 1);
  CHECK(answer.out.empty());
  CHECK(answer.err.find("Dockerfile:2:1\n") != std::string::npos);
  CHECK(answer.err.find(" line 2: unknown instruction: RUUN\nhint: did you mean RUN?\n") !=
        std::string::npos);
}

TEST_CASE("check command: --fix mends the file, tells of it, and has nothing to do twice",
          "[cli]") {
  CheckFixture f;
  f.write("Dockerfile", "# kept\r\nFROM scratch as a\r\nEXPOSE 1:2/TCP\r\n");
  const auto answer = f.check({"--fix", f.path("Dockerfile")});
  CHECK(answer.code == 0);
  CHECK(answer.out.find("Dockerfile:2: FromAsCasing: 'as' becomes 'AS'\n") != std::string::npos);
  const std::string mended = "# kept\r\nFROM scratch AS a\r\nEXPOSE 2/tcp\r\n";
  CHECK(f.read("Dockerfile") == mended);
  CHECK(f.check({"--fix", f.path("Dockerfile")}).out == "Check complete, no warnings found.\n");
  CHECK(f.read("Dockerfile") == mended);
}

TEST_CASE("check command: --fix keeps mode and link", "[cli]") {
  CheckFixture f;
  f.write("Dockerfile.real", "FROM scratch as a\n");
  REQUIRE(chmod(f.path("Dockerfile.real").c_str(), 0640) == 0);
  REQUIRE(symlink("Dockerfile.real", f.path("Dockerfile").c_str()) == 0);
  CHECK(f.check({"--fix", f.path("")}).code == 0);
  struct stat info {};
  REQUIRE(lstat(f.path("Dockerfile").c_str(), &info) == 0);
  CHECK(S_ISLNK(info.st_mode));
  REQUIRE(lstat(f.path("Dockerfile.real").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0640);
  CHECK(f.read("Dockerfile.real") == "FROM scratch AS a\n");
}

TEST_CASE("check command: findings without a mend stay and fail", "[cli]") {
  CheckFixture f;
  f.write("Dockerfile", "FROM scratch as a\nCMD x y\n");
  const auto answer = f.check({"--fix", f.path("Dockerfile")});
  CHECK(answer.code == 1);
  CHECK(answer.out.find("1 warning has been found") != std::string::npos);
  CHECK(f.read("Dockerfile") == "FROM scratch AS a\nCMD x y\n");
}

TEST_CASE("check command: JSON has the form of BuildKit's answer", "[cli]") {
  CheckFixture f;
  f.write("Dockerfile", "FROM scratch as a\nCOPY --from=9 x y\nRUN [\n");
  const auto json = Json::parse(f.check({"--format=json", f.path("Dockerfile")}).out);
  REQUIRE(json["warnings"].size() == 1);
  CHECK(json["warnings"][0]["ruleName"] == "FromAsCasing");
  CHECK(json["warnings"][0]["detail"] == "'as' and 'FROM' keywords' casing do not match");
  CHECK(json["warnings"][0]["location"]["ranges"][0]["start"]["line"] == 1);
  CHECK(json["sources"][0]["language"] == "Dockerfile");
  CHECK(json["sources"][0]["data"] == "RlJPTSBzY3JhdGNoIGFzIGEKQ09QWSAtLWZyb209OSB4IHkKUlVOIFsK");
}

TEST_CASE("check command: SARIF names rules, places and mends", "[cli]") {
  CheckFixture f;
  f.write("Dock file", "FROM scratch as a\nLABEL é  b\nCMD x\n");
  const auto json = Json::parse(f.check({"--format=sarif", f.path("Dock file")}).out);
  CHECK(json["version"] == "2.1.0");
  const auto& run = json["runs"][0];
  CHECK(run["tool"]["driver"]["name"] == "ibuild");
  REQUIRE(run["results"].size() == 3);
  for (const auto& result : run["results"]) {
    const std::size_t index = result["ruleIndex"];
    CHECK(run["tool"]["driver"]["rules"][index]["id"] == result["ruleId"]);
    CHECK(result["level"] == "warning");
    const std::string uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    CHECK(uri == "file://" + f.path("Dock%20file"));
  }
  const auto& fix = run["results"][1]["fixes"][0]["artifactChanges"][0]["replacements"][0];
  CHECK(fix["insertedContent"]["text"] == "é=b");
  CHECK(fix["deletedRegion"] ==
        Json({{"startLine", 2}, {"startColumn", 7}, {"endLine", 2}, {"endColumn", 11}}));
  CHECK_FALSE(run["results"][2].contains("fixes"));
}

TEST_CASE("check command: SARIF of a file that cannot be read", "[cli]") {
  CheckFixture f;
  f.write("Dockerfile", "FROM scratch\nRUUN x\n");
  const auto json = Json::parse(f.check({"--format=sarif", f.path("Dockerfile")}).out);
  const auto& result = json["runs"][0]["results"][0];
  CHECK(result["level"] == "error");
  CHECK(result["ruleId"] == "unknown-instruction");
  CHECK(result["locations"][0]["physicalLocation"]["region"]["startLine"] == 2);
}

TEST_CASE("check command: wrong usage", "[cli]") {
  CheckFixture f;
  f.write("Dockerfile", "FROM scratch\n");
  CHECK_THROWS_AS(f.check({"--format=xml", f.path("")}), base::UsageError);
  CHECK_THROWS_AS(f.check({"--fix", "-"}, "FROM scratch\n"), base::UsageError);
  CHECK_THROWS_AS(f.check({f.path("missing")}), base::Error);
}
