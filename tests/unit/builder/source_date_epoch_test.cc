#include "builder/source_date_epoch.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/git_repository.h"
#include "tests/unit/builder/context/tar_text.h"

using namespace ibuild;
using builder::DirectoryContext;
using builder::UrlContext;
using Catch::Matchers::Contains;
using ibuild::test::BuildFixture;

namespace {

constexpr const char* kUrl = "http://web.test/src.tar";
constexpr const char* kModified = "2001-09-09T01:46:40Z";  // 1000000000
constexpr const char* kEpoch = "SOURCE_DATE_EPOCH";

struct EpochFixture : BuildFixture {
  EpochFixture() {
    clock = base::Clock();
    write("a", "a");
  }
  void serve(const std::string& content, std::optional<std::string> modified = {}) {
    files.files[kUrl] = {content, modified ? base::parse_rfc3339(*modified) : std::nullopt};
  }
  std::string created(const std::string& before = "") {
    return config(build(before + "FROM scratch\nCOPY a /\n")).created;
  }
};

std::string archive() {
  return test::TarText{.name = "old", .content = "x", .mtime = 900000000}.str() +
         test::TarText{.name = "new", .content = "x", .mtime = 1000000000}.str() +
         test::TarText{.name = "dir/", .type = '5', .mtime = 1600000000}.str() + test::tar_end();
}

std::string stage_of(const std::string& instructions) {
  return "ARG SOURCE_DATE_EPOCH=src\n" + instructions + "\n";
}

const std::string kSource = "FROM scratch AS Src\nADD http://web.test/src.tar /";

}  // namespace

TEST_CASE("source_date_epoch: context is the time of the build context", "[builder]") {
  EpochFixture f;
  f.request.build_args[kEpoch] = "context";
  CHECK(f.created() > "2024");
  f.request.context_time = base::parse_rfc3339("2001-09-09T01:46:40.5Z");
  CHECK(f.created() == kModified);
  f.request.build_args.clear();
  CHECK(f.created("ARG SOURCE_DATE_EPOCH=context\n") == kModified);
}

TEST_CASE("source_date_epoch: a further context gives its file's time, or its newest entry's",
          "[builder]") {
  EpochFixture f;
  f.request.contexts.add("src", UrlContext{kUrl});
  f.request.build_args[kEpoch] = "src";
  f.serve(archive(), kModified);
  CHECK(f.created() == kModified);
  f.serve(test::compress_with("gzip", archive()));
  CHECK(f.created() == kModified);
  f.serve("no archive");
  CHECK(f.created() > "2024");
}

TEST_CASE("source_date_epoch: a directory has no time", "[builder]") {
  EpochFixture f;
  f.request.contexts.add("src", DirectoryContext{"/"});
  f.request.build_args[kEpoch] = "src";
  CHECK(f.created() > "2024");
}

TEST_CASE("source_date_epoch: a stage that adds one remote file gives its time", "[builder]") {
  EpochFixture f;
  f.serve(archive());
  CHECK(f.created(stage_of(kSource)) == kModified);
  CHECK(f.created(stage_of("ARG HOST=no\nFROM scratch AS src\nARG HOST=web NAME=src.tar\n"
                           "ADD http://${HOST}.test/$NAME /")) == kModified);
  f.request.build_args[kEpoch] = "900000000";
  CHECK(f.created(stage_of(kSource)) == "1998-07-09T16:00:00Z");
}

TEST_CASE("source_date_epoch: a stage with a git repository gives the commit's time", "[builder]") {
  if (!test::has_git()) return;
  EpochFixture f;
  test::GitRepository repository;
  repository.write("file", "x");
  repository.commit("first");
  f.git_settings.push_back({"url." + repository.url() + ".insteadOf", "https://git.test/r.git"});
  CHECK(f.created(stage_of("FROM scratch AS src\nADD https://git.test/r.git /")) ==
        "2020-01-02T03:04:05Z");
}

TEST_CASE("source_date_epoch: stages see the time, never the name", "[builder]") {
  EpochFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.serve(archive());
  f.build(stage_of(kSource) + "FROM base\nARG SOURCE_DATE_EPOCH\nRUN x\n");
  const auto env = f.sandbox.specs().at(0).env;
  CHECK(std::count(env.begin(), env.end(), "SOURCE_DATE_EPOCH=1000000000") == 1);
  f.request.build_args[kEpoch] = "context";
  f.build("FROM base\nARG SOURCE_DATE_EPOCH\nRUN y\n");
  const auto other_env = f.sandbox.specs().at(1).env;
  for (const auto& variable : other_env) CHECK_FALSE(variable.starts_with("SOURCE_DATE_EPOCH="));
}

TEST_CASE("source_date_epoch: other stages stand for no time", "[builder]") {
  EpochFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.serve(archive());
  const auto refuses = [&](const std::string& stage, const std::string& reason) {
    CHECK_THROWS_WITH(f.created(stage_of(stage)), Contains(reason));
  };
  refuses("FROM base AS src\nADD http://web.test/src.tar /", "must be FROM scratch");
  refuses("FROM scratch AS src", "exactly one remote ADD");
  refuses("FROM scratch AS src\nADD http://web.test/a http://web.test/b /", "exactly one remote");
  refuses(kSource + "\nADD http://web.test/src.tar /", "exactly one remote ADD");
  refuses("FROM scratch AS src\nADD a /", "from a URL or a git repository");
  refuses(kSource + "\nLABEL a=b", "source-only requirements");
  refuses("FROM scratch AS src\nADD --checksum=md5:1 http://web.test/src.tar /",
          "invalid checksum");
  refuses("FROM scratch AS other", "invalid SOURCE_DATE_EPOCH: src");
}
