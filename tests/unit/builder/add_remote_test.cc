// ADD of files by URL and of git repositories, through whole builds.
#include <catch2/catch.hpp>

#include "base/error.h"
#include "parser/diagnostic.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/git_repository.h"

using namespace ibuild;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using ibuild::test::BuildFixture;

namespace {

constexpr const char* kUrl = "http://web.test/dir/tool";

base::TimePoint at(std::int64_t seconds) { return base::TimePoint(std::chrono::seconds(seconds)); }

/// A build whose https://git.test/r.git is a repository of this machine.
struct GitBuild : BuildFixture {
  GitBuild() {
    git_settings.push_back({"url." + repository.url() + ".insteadOf", "https://git.test/r.git"});
    repository.write("a/file", "one");
    repository.write("tool", "#!", 0755);
    first = repository.commit("first");
  }
  test::GitRepository repository;
  std::string first;
};

}  // namespace

TEST_CASE("add: a file by URL is private to root and has the server's time", "[builder]") {
  BuildFixture f;
  f.clock = base::Clock{};
  f.files.files[kUrl] = {"bytes", at(1'500'000'000)};
  const auto tree = f.tree(f.build("FROM scratch\nADD http://web.test/dir/tool /bin/\n"));
  CHECK(f.look(*tree, "bin/tool") == "file 0600 0:0");
  CHECK(f.content(*tree, "bin/tool") == "bytes");
  CHECK(tree->lookup(base::RelPath::exact("bin/tool"))->entry.mtime == at(1'500'000'000));
}

TEST_CASE("add: a file by URL without a time is from 1970", "[builder]") {
  BuildFixture f;
  f.files.files[kUrl] = {"bytes"};
  const auto tree = f.tree(f.build("FROM scratch\nADD http://web.test/dir/tool /tool\n"));
  CHECK(tree->lookup(base::RelPath::exact("tool"))->entry.mtime == at(0));
}

TEST_CASE("add: sources of all kinds land in the order as written", "[builder]") {
  BuildFixture f;
  f.write("local/tool", "local");
  f.files.files[kUrl] = {"remote"};
  const std::string start = "FROM scratch\nADD ";
  const auto last_url = f.tree(f.build(start + "local/tool " + kUrl + " /bin/\n"));
  CHECK(f.content(*last_url, "bin/tool") == "remote");
  const auto last_local = f.tree(f.build(start + kUrl + " local/tool /bin/\n"));
  CHECK(f.content(*last_local, "bin/tool") == "local");
}

TEST_CASE("add: what a URL gives decides about the cache, not where it lies", "[builder]") {
  BuildFixture f;
  f.files.files[kUrl] = {"same", at(1)};
  f.files.files["https://mirror.test/tool"] = {"same", at(2)};
  f.build("FROM scratch\nADD http://web.test/dir/tool /\n");
  f.events.clear();
  f.build("FROM scratch\nADD https://mirror.test/tool /\n");
  CHECK(f.events.cached_count() == 1);
  f.files.files[kUrl] = {"changed", at(1)};
  f.events.clear();
  f.build("FROM scratch\nADD http://web.test/dir/tool /\n");
  CHECK(f.events.cached_count() == 0);
  CHECK(f.events.reasons() == std::vector<std::string>{"tool changed"});
}

TEST_CASE("add: a file with a known checksum is not asked for again", "[builder]") {
  BuildFixture f;
  f.files.files[kUrl] = {"bytes"};
  const std::string dockerfile = "FROM scratch\nADD --checksum=" + base::sha256_of("bytes").str() +
                                 " http://web.test/dir/tool /\n";
  f.build(dockerfile);
  f.files.files.clear();
  f.files.asked.clear();
  const auto tree = f.tree(f.build(dockerfile));
  CHECK(f.files.asked.empty());
  CHECK(f.content(*tree, "tool") == "bytes");
}

TEST_CASE("add: a URL that gives nothing fails at the instruction", "[builder]") {
  BuildFixture f;
  try {
    f.build("FROM scratch\n\nADD http://web.test/none /\n");
    FAIL("built");
  } catch (const parser::DockerfileError& error) {
    CHECK(error.range().start.line == 3);
    CHECK_THAT(error.what(), Contains("404 Not Found"));
  }
}

TEST_CASE("add: a wrong escape in a URL is told at the instruction, before any step runs",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  try {
    f.build("FROM base\nRUN one\nADD http://web.test/100%zz /x\n");
    FAIL("built");
  } catch (const parser::DockerfileError& error) {
    CHECK(std::string(error.what()) == "invalid URL escape \"%zz\"");
    CHECK_THAT(error.hint(), Contains("%25"));
    CHECK(error.range().start.line == 3);
  }
  CHECK(f.sandbox.commands().empty());
  CHECK(f.files.asked.empty());
}

TEST_CASE("add: a repository's files, without its history", "[builder]") {
  if (!test::has_git()) return;
  GitBuild f;
  const auto tree = f.tree(f.build("FROM scratch\nADD https://git.test/r.git /src\n"));
  CHECK(f.content(*tree, "src/a/file") == "one");
  CHECK(f.look(*tree, "src/tool") == "file 0755 0:0");
  CHECK(f.look(*tree, "src/a/file") == "file 0644 0:0");
  CHECK(f.look(*tree, "src/.git").empty());
}

TEST_CASE("add: a repository at a commit, a part of it, less what is excluded", "[builder]") {
  if (!test::has_git()) return;
  GitBuild f;
  f.repository.write("a/file", "two");
  f.repository.write("a/log", "x");
  f.repository.commit("second");
  const std::string start = "FROM scratch\nADD ";
  const auto old = f.tree(f.build(start + "https://git.test/r.git#" + f.first + ":a /src/\n"));
  CHECK(f.content(*old, "src/file") == "one");
  CHECK(f.look(*old, "src/tool").empty());
  const auto now = f.tree(f.build(start + "--exclude=a/log https://git.test/r.git /src/\n"));
  CHECK(f.content(*now, "src/a/file") == "two");
  CHECK(f.look(*now, "src/a/log").empty());
}

TEST_CASE("add: a repository with its history", "[builder]") {
  if (!test::has_git()) return;
  GitBuild f;
  const auto tree =
      f.tree(f.build("FROM scratch\nADD --keep-git-dir=true https://git.test/r.git#main /src/\n"));
  CHECK(f.content(*tree, "src/a/file") == "one");
  CHECK_THAT(f.content(*tree, "src/.git/HEAD").value_or(""), StartsWith(f.first));
}

TEST_CASE("add: a repository is cached by its commit, and by its files", "[builder]") {
  if (!test::has_git()) return;
  GitBuild f;
  const std::string dockerfile = "FROM scratch\nADD https://git.test/r.git#main:a /src/\n";
  f.build(dockerfile);
  f.events.clear();
  f.build(dockerfile);
  CHECK(f.events.cached_count() == 1);
  f.repository.write("elsewhere", "x");
  f.repository.commit("second");
  f.events.clear();
  f.build(dockerfile);
  CHECK(f.events.cached_count() == 1);
  f.repository.write("a/file", "two");
  f.repository.commit("third");
  f.events.clear();
  f.build(dockerfile);
  CHECK(f.events.cached_count() == 0);
}

TEST_CASE("add: a repository whose commit is not the expected one is refused", "[builder]") {
  if (!test::has_git()) return;
  GitBuild f;
  CHECK_NOTHROW(f.build("FROM scratch\nADD --checksum=" + f.first.substr(0, 12) +
                        " https://git.test/r.git#main /src/\n"));
  CHECK_THROWS_WITH(
      f.build("FROM scratch\nADD --checksum=0123456789ab https://git.test/r.git#main /src/\n"),
      Contains("expected checksum to match 0123456789ab"));
}
