#include "parser/git_reference.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild::parser;
using ibuild::base::UsageError;

TEST_CASE("git_reference: a URL of a repository ends in .git", "[parser]") {
  const auto git = parse_git_reference("https://example.org/a/tool.git");
  REQUIRE(git);
  CHECK(git->remote == "https://example.org/a/tool.git");
  CHECK(git->short_name == "tool");
  CHECK(git->ref.empty());
  CHECK_FALSE(git->is_unencrypted);
  CHECK_FALSE(parse_git_reference("https://example.org/a/tool"));
  CHECK_FALSE(parse_git_reference("https://example.org/a/tool.git/x"));
}

TEST_CASE("git_reference: the fragment holds ref and directory", "[parser]") {
  const auto git = parse_git_reference("https://example.org/a.git#v1/x:sub//dir/../y");
  REQUIRE(git);
  CHECK(git->ref == "v1/x");
  CHECK(git->subdir == "sub/y");
  CHECK(parse_git_reference("https://example.org/a.git#:x")->ref.empty());
  CHECK(parse_git_reference("https://example.org/a.git#a:../../x")->subdir == "x");
}

TEST_CASE("git_reference: ssh and git need no suffix", "[parser]") {
  CHECK(parse_git_reference("ssh://me@example.org:22/a/b")->remote ==
        "ssh://me@example.org:22/a/b");
  const auto git = parse_git_reference("git://example.org/a#b");
  REQUIRE(git);
  CHECK(git->is_unencrypted);
  CHECK(git->ref == "b");
}

TEST_CASE("git_reference: the form of scp", "[parser]") {
  const auto git = parse_git_reference("me@example.org:a/b.git?branch=x#:c");
  REQUIRE(git);
  CHECK(git->remote == "me@example.org:a/b.git");
  CHECK(git->short_name == "b");
  CHECK(git->ref == "refs/heads/x");
  CHECK(git->subdir == "c");
  CHECK_FALSE(parse_git_reference("example.org:a/b.git"));
  CHECK_FALSE(parse_git_reference("me@example.org/a.git"));
}

TEST_CASE("git_reference: github.com without a scheme", "[parser]") {
  const auto git = parse_git_reference("github.com/a/b#c");
  REQUIRE(git);
  CHECK(git->looks_local);
  CHECK(git->remote == "github.com/a/b");
  CHECK(git->fetch_url() == "https://github.com/a/b");
  CHECK(git->ref == "c");
  CHECK(parse_git_reference("github.com/a%2Fb://C.git")->remote == "github.com/a%2Fb://C.git");
}

TEST_CASE("git_reference: paths, images and other URLs are none", "[parser]") {
  for (const char* text : {"", ".", "./a.git", "../a.git", "a.git", "/a/b.git", "busybox:1",
                           "ftp://x/a.git", "file:///a.git", "https://x/%zz.git",
                           "https://x:port/a.git", "https://x/a.git\n", "https://x y/a.git"}) {
    INFO(text);
    CHECK_FALSE(parse_git_reference(text));
  }
}

TEST_CASE("git_reference: options stand in the query", "[parser]") {
  const auto git = parse_git_reference(
      "https://x/a.git?tag=v1&subdir=/"
      "d&commit=abc&keep-git-dir&submodules=false&mtime=commit&fetch-by-commit=1");
  REQUIRE(git);
  CHECK(git->remote == "https://x/a.git");
  CHECK(git->ref == "refs/tags/v1");
  CHECK(git->subdir == "/d");
  CHECK(git->checksum == "abc");
  CHECK(git->keep_git_dir == true);
  CHECK(git->submodules == false);
  CHECK(git->mtime == "commit");
  CHECK(git->fetch_by_commit);
}

TEST_CASE("git_reference: a full tag or branch is taken as it is", "[parser]") {
  CHECK(parse_git_reference("https://x/a.git?tag=refs/tags/1")->ref == "refs/tags/1");
  CHECK(parse_git_reference("https://x/a.git?branch=refs/heads/1")->ref == "refs/heads/1");
}

TEST_CASE("git_reference: saying the same twice is allowed, two things are not", "[parser]") {
  CHECK(parse_git_reference("https://x/a.git?ref=1#1")->ref == "1");
  CHECK_THROWS_AS(parse_git_reference("https://x/a.git?ref=1#2"), UsageError);
  CHECK_THROWS_AS(parse_git_reference("https://x/a.git?subdir=a#:b"), UsageError);
  CHECK_THROWS_AS(parse_git_reference("https://x/a.git?tag=1&branch=1"), UsageError);
  CHECK_THROWS_AS(parse_git_reference("https://x/a.git?commit=1&checksum=2"), UsageError);
}

TEST_CASE("git_reference: wrong options are faults", "[parser]") {
  for (const char* query : {"x=1", "ref", "ref=", "ref=1&ref=1", "submodules=maybe", "mtime=now"}) {
    INFO(query);
    CHECK_THROWS_AS(parse_git_reference("https://x/a.git?" + std::string(query)), UsageError);
  }
}

TEST_CASE("git_reference: a lone question mark stays with a URL, as in net/url", "[parser]") {
  CHECK(parse_git_reference("https://example.org/a.git?#b")->remote ==
        "https://example.org/a.git?");
  CHECK_THROWS_AS(parse_git_reference("https://example.org/a.git??"), UsageError);
  CHECK(parse_git_reference("me@example.org:a.git?")->remote == "me@example.org:a.git");
}

TEST_CASE("git_reference: control characters may stand in a fragment and behind scp's colon",
          "[parser]") {
  CHECK(parse_git_reference("https://example.org/a.git#b\tc")->ref == "b\tc");
  CHECK_FALSE(parse_git_reference("https://example.org/a\tb.git"));
  CHECK(parse_git_reference("me@example.org:a\tb#c\rd")->remote == "me@example.org:a\tb");
  CHECK_FALSE(parse_git_reference("me@example.org:a\nb"));
  CHECK_FALSE(parse_git_reference(std::string("me@example.org:a\0b", 18)));
}
