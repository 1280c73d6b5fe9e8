// The checks of the instructions in the stages.
#include <catch2/catch.hpp>

#include "tests/unit/parser/lint_helpers.h"

using namespace ibuild::parser;
using test::findings;
using test::first_message;
using Strings = std::vector<std::string>;

namespace {

LintOptions with_base(BaseImageFacts facts) {
  LintOptions options;
  options.base_image = [facts](std::size_t, std::string_view) { return facts; };
  return options;
}

Strings ignoring(const Strings& patterns, const std::string& dockerfile) {
  const IgnoreMatcher ignore(patterns);
  LintOptions options;
  options.ignore = &ignore;
  return findings(dockerfile, options);
}

}  // namespace

TEST_CASE("lint_stages: variables are defined before their use", "[parser]") {
  CHECK(findings("FROM scratch\nCOPY $x .\nARG x=1\nCOPY $x .\n") == Strings{"UndefinedVar:2"});
  CHECK(first_message("FROM scratch\nENV name=1\nUSER $nmae\n") ==
        "Usage of undefined variable '$nmae' (did you mean $name?)");
  CHECK(first_message("FROM scratch\nENV \"\"=1\nUSER $x\n") == "Usage of undefined variable '$x'");
  // Of two as near the one that was set first, or not again.
  CHECK(first_message("FROM scratch\nARG c=1 a=1\nUSER $b\n") ==
        "Usage of undefined variable '$b' (did you mean $c?)");
  CHECK(first_message("FROM scratch\nENV c=1 a=1\nENV c=2\nUSER $b\n") ==
        "Usage of undefined variable '$b' (did you mean $a?)");
}

TEST_CASE("lint_stages: each word that uses one is a finding, a default does not help",
          "[parser]") {
  CHECK(findings("FROM scratch\nCOPY $x ${y:-z} .\n") ==
        Strings{"UndefinedVar:2", "UndefinedVar:2"});
}

TEST_CASE("lint_stages: variables are looked for wherever they are expanded", "[parser]") {
  const Strings lines = {"ENV a=$x",
                         "LABEL a=$x",
                         "ARG a=$x",
                         "USER $x",
                         "VOLUME /$x",
                         "WORKDIR /$x",
                         "COPY --chown=$x a b",
                         "ADD --chmod=6$x a b",
                         "COPY <<E /a\n$x\nE",
                         "STOPSIGNAL $x",
                         "RUN --mount=target=/$x,from=a b"};
  for (const std::string& line : lines) {
    INFO(line);
    CHECK(findings("FROM scratch\n" + line) == Strings{"UndefinedVar:2"});
  }
  CHECK(findings("FROM scratch\nRUN $x\nCMD [\"$x\"]\nCOPY <<'E' /a\n$x\nE").empty());
}

TEST_CASE("lint_stages: variables are told as far as an expansion comes before its fault",
          "[parser]") {
  CHECK(findings("FROM scratch\nUSER $x${y?no}$z\n") ==
        Strings{"UndefinedVar:2", "UndefinedVar:2"});
  CHECK(findings("FROM scratch\nENV a=$x b=${PATH%\\x}$y c=$z\n") == Strings{"UndefinedVar:2"});
  CHECK(findings("FROM scratch\nCOPY <<E /a\n$x${y:?}\nE") ==
        Strings{"UndefinedVar:2", "UndefinedVar:2"});
  // Other checks of the instruction come after all of its words.
  CHECK(findings("FROM scratch\nENV TOKEN=a b=${x:?no}\n") == Strings{"UndefinedVar:2"});
  CHECK(findings("FROM scratch\nLABEL a ${x:?no}\n") == Strings{"UndefinedVar:2"});
}

TEST_CASE("lint_stages: an ARG without a value is defined, and PATH always is", "[parser]") {
  CHECK(findings("FROM scratch\nARG x\nENV a=$x$PATH\n").empty());
}

TEST_CASE("lint_stages: a stage built on another knows its variables", "[parser]") {
  CHECK(findings("FROM scratch AS a\nARG x=1\nENV y=2\nFROM a\nCOPY $x $y\n").empty());
  CHECK(findings("FROM scratch AS a\nARG x=1\nFROM scratch\nCOPY $x .\n") ==
        Strings{"UndefinedVar:4"});
}

TEST_CASE("lint_stages: an ENV counts before a later ARG in the stages that stand on it",
          "[parser]") {
  const std::string below = "FROM scratch AS a\nENV d=/x\nARG d=y\n";
  CHECK(findings(below + "WORKDIR $d\n") == Strings{"WorkdirRelativePath:4"});
  CHECK(findings(below + "FROM a AS b\nARG d=z\nFROM b\nWORKDIR $d\n").empty());
  CHECK(findings(below + "FROM a\nENV d=z\nFROM a\nENV d=z\nARG d=/y\nWORKDIR $d\n").empty());
  CHECK(findings("FROM scratch AS a\nARG d=y\nFROM a\nWORKDIR $d\n") ==
        Strings{"WorkdirRelativePath:4"});
}

TEST_CASE("lint_stages: an image's variables are known, or nothing is said", "[parser]") {
  const std::string file = "FROM python\nENV a=$PYTHON_VERSION$other\n";
  CHECK(findings(file).empty());
  CHECK(findings(file, with_base({.env = {"PYTHON_VERSION=3", "other=x"}})).empty());
  CHECK(findings(file, with_base({})) == Strings{"UndefinedVar:2", "UndefinedVar:2"});
}

TEST_CASE("lint_stages: the old form of ENV and LABEL", "[parser]") {
  CHECK(findings("FROM scratch\nENV a b\nLABEL c d\n") ==
        Strings{"LegacyKeyValueFormat:2", "LegacyKeyValueFormat:3"});
  CHECK(first_message("FROM scratch\nENV a b\n") ==
        "\"ENV key=value\" should be used instead of legacy \"ENV key value\" format");
}

TEST_CASE("lint_stages: names of secrets in ARG and ENV", "[parser]") {
  for (const char* name : {"API_KEY", "token", "MY_PASSWORD_2", "auth", "ApiKey", "db_passwd"}) {
    INFO(name);
    CHECK(findings(std::string("FROM scratch\nARG ") + name + "\n") ==
          Strings{"SecretsUsedInArgOrEnv:2"});
    CHECK(findings(std::string("FROM scratch\nENV ") + name + "=1\n") ==
          Strings{"SecretsUsedInArgOrEnv:2"});
  }
  for (const char* name :
       {"TOKENS", "PUBLIC_KEY", "key_file", "secret_version", "authority", "monkey"}) {
    INFO(name);
    CHECK(findings(std::string("FROM scratch\nARG ") + name + "\n").empty());
  }
}

TEST_CASE("lint_stages: a relative WORKDIR wants an absolute one before it", "[parser]") {
  CHECK(findings("FROM scratch\nWORKDIR a\nWORKDIR b\n") == Strings{"WorkdirRelativePath:2"});
  CHECK(findings("FROM scratch\nWORKDIR /a\nWORKDIR b\n").empty());
  CHECK(findings("FROM scratch AS a\nWORKDIR /a\nFROM a\nWORKDIR b\n").empty());
  CHECK(first_message("FROM scratch\nWORKDIR a\n") ==
        "Relative workdir \"a\" can have unexpected results if the base image changes");
}

TEST_CASE("lint_stages: of several CMDs the earlier ones are named", "[parser]") {
  CHECK(findings("FROM scratch\nCMD [\"a\"]\nCMD [\"b\"]\nCMD [\"c\"]\n") ==
        Strings{"MultipleInstructionsDisallowed:2", "MultipleInstructionsDisallowed:3"});
  CHECK(findings("FROM scratch AS a\nENTRYPOINT [\"a\"]\nFROM a\nENTRYPOINT [\"b\"]\n").empty());
  CHECK(findings("FROM scratch\nHEALTHCHECK NONE\nHEALTHCHECK CMD x\n") ==
        Strings{"MultipleInstructionsDisallowed:2"});
}

TEST_CASE("lint_stages: CMD and ENTRYPOINT are better as lists, unless a shell is chosen",
          "[parser]") {
  CHECK(findings("FROM scratch\nCMD a\nENTRYPOINT b\n") ==
        Strings{"JSONArgsRecommended:2", "JSONArgsRecommended:3"});
  CHECK(findings("FROM scratch\nSHELL [\"a\"]\nCMD a\n").empty());
  CHECK(findings("FROM x\nCMD a\n", with_base({.has_shell = true})).empty());
}

TEST_CASE("lint_stages: EXPOSE's words", "[parser]") {
  CHECK(findings("FROM scratch\nEXPOSE 80/TCP 81/udp\n") == Strings{"ExposeProtoCasing:2"});
  CHECK(findings("FROM scratch\nARG p=8080:80\nEXPOSE $p\n") == Strings{"ExposeInvalidFormat:3"});
  // How a port is written is told before it turns out to be none.
  CHECK(findings("FROM scratch\nEXPOSE 1.2.3:80:80 1:2\n") == Strings{"ExposeInvalidFormat:2"});
  CHECK(findings("FROM scratch\nEXPOSE 99999/UDP\n") == Strings{"ExposeProtoCasing:2"});
  CHECK(findings("FROM scratch\nEXPOSE h:80/Http\n").empty());
}

TEST_CASE("lint_stages: files that the context leaves out", "[parser]") {
  CHECK(ignoring({"a*"}, "FROM scratch\nCOPY ab c d/\nADD ./a/x /\n") ==
        Strings{"CopyIgnoredFile:2", "CopyIgnoredFile:3"});
  CHECK(ignoring({"a"}, "FROM scratch AS s\nCOPY --from=s a b\nADD https://a/a b\nCOPY . .\n")
            .empty());
  CHECK(ignoring({"*"}, "FROM scratch\nCOPY . .\n") == Strings{"CopyIgnoredFile:2"});
  CHECK(ignoring({"*", "!x"}, "FROM scratch\nCOPY a .\n").empty());
}

TEST_CASE("lint_stages: no file is looked for where COPY or ADD is wrong before that", "[parser]") {
  for (const char* line :
       {"COPY --chmod=9 a b", "COPY https://x/a b", "COPY me@x:a b", "ADD --chmod=9 a b",
        "ADD --checksum=x a b", "ADD --checksum=x a a b/"}) {
    INFO(line);
    const std::string text = "FROM scratch\n" + std::string(line) + "\n";
    CHECK(ignoring({"a"}, text).empty());
    CHECK(lint_dockerfile(test::parse(text), {}).error);
  }
  CHECK(ignoring({"a"}, "FROM scratch\nCOPY a https://x/y b/\n") == Strings{"CopyIgnoredFile:2"});
  CHECK_FALSE(
      lint_dockerfile(test::parse("FROM scratch\nADD --checksum=x github.com/a/b c\n"), {}).error);
}

TEST_CASE("lint_stages: a base that is not known may have the variables", "[parser]") {
  for (const char* line : {"STOPSIGNAL $x", "EXPOSE a$x", "ENV a=${x:?no}", "COPY --chmod=u=$x a b",
                           "RUN --mount=target=/a,sharing=$x b", "WORKDIR $x", "COPY $x a"}) {
    INFO(line);
    const auto text = [&](const std::string& base) {
      return "FROM " + base + "\n" + line + "\nENV a b\n";
    };
    CHECK(ignoring({"*"}, text("x")) == Strings{"LegacyKeyValueFormat:3"});
    CHECK(ignoring({"*"}, text("scratch")) != Strings{"LegacyKeyValueFormat:3"});
  }
  CHECK(lint_dockerfile(test::parse("FROM x\nSTOPSIGNAL no\n"), {}).error);
}

TEST_CASE("lint_stages: triggers are looked at where they fire", "[parser]") {
  CHECK(findings("FROM scratch AS a\nONBUILD ENV x y\nFROM a\n") ==
        Strings{"LegacyKeyValueFormat:3"});
  CHECK(findings("FROM x\n", with_base({.onbuild = {"CMD a"}})) ==
        Strings{"JSONArgsRecommended:1"});
}

TEST_CASE("lint_stages: only the stages asked for are looked into", "[parser]") {
  LintOptions options;
  options.stages = {0, 2};
  CHECK(findings("FROM scratch\nENV a b\nFROM scratch\nENV a b\nFROM scratch\nENV a b\n",
                 options) == Strings{"LegacyKeyValueFormat:2", "LegacyKeyValueFormat:6"});
}

TEST_CASE("lint_stages: a fault ends the checks, with its place", "[parser]") {
  const LintReport report =
      lint_dockerfile(test::parse("FROM scratch\nENV a b\nEXPOSE x\nENV a b\n"), {});
  REQUIRE(report.error);
  CHECK(report.error->range().start.line == 3);
  CHECK(report.warnings.size() == 1);
}

TEST_CASE("lint_stages: --build-arg and global ARGs give values", "[parser]") {
  CHECK(findings("ARG d=/x\nFROM scratch\nARG d\nWORKDIR $d\n").empty());
  CHECK(findings("FROM scratch\nARG d=x\nWORKDIR $d\n", {.build_args = {{"d", "/y"}}}).empty());
}

TEST_CASE("lint_stages: a path of Windows may begin with its drive, and PATH is not known there",
          "[parser]") {
  const std::string from = "FROM --platform=windows/amd64 scratch AS windows\n";
  for (const char* path : {"C:\\app", "c:/app", "\\app", "/app"})
    CHECK(findings("# escape=`\n" + from + "WORKDIR " + path + "\n").empty());
  for (const char* path : {"app", "C:app", "D:\\app", "\\\\host\\app"})
    CHECK(findings("# escape=`\n" + from + "WORKDIR " + path + "\n") ==
          std::vector<std::string>{"WorkdirRelativePath:3"});
  CHECK(findings(from + "LABEL a=$PATH\n") == std::vector<std::string>{"UndefinedVar:2"});
  CHECK(findings("FROM scratch\nWORKDIR C:/app\nLABEL a=$PATH\n") ==
        std::vector<std::string>{"WorkdirRelativePath:2"});
}

TEST_CASE("lint_stages: nothing is looked at behind the last line", "[parser]") {
  const std::string text = "FROM scratch\nWORKDIR a\nENV x y\nFROM scratch\nWORKDIR b\n";
  LintOptions options;
  options.last_line = 2;
  CHECK(findings(text, options) == std::vector<std::string>{"WorkdirRelativePath:2"});
  options.last_line = 4;
  CHECK(findings(text, options).size() == 2);
  options.last_line = std::nullopt;
  options.depth = LintDepth::bases;
  CHECK(findings(text, options).empty());
}
