#include "builder/cache_key.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "builder/cache/miss_reason.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using builder::StepKey;

namespace {

StepKey key_of(std::initializer_list<builder::Ingredient> list) {
  StepKey key;
  for (const auto& item : list) key.add(item.name, item.value);
  return key;
}

}  // namespace

TEST_CASE("cache_key: golden: the version and the form of a key do not change by accident",
          "[builder]") {
  CHECK(StepKey().digest() == base::sha256_of("17:ibuild step key 1"));
  CHECK(key_of({{"op", "WORKDIR /a"}, {"parent", ""}}).digest() ==
        base::sha256_of("17:ibuild step key 1"
                        "2:op10:WORKDIR /a"
                        "6:parent0:"));
}

TEST_CASE("cache_key: where one ingredient ends and the next begins is part of the key",
          "[builder]") {
  CHECK(key_of({{"a", "bc"}}).digest() != key_of({{"ab", "c"}}).digest());
  CHECK(key_of({{"a", "b"}, {"c", "d"}}).digest() != key_of({{"a", "b1:c1:d"}}).digest());
}

TEST_CASE("cache_key: details are no part of it", "[builder]") {
  StepKey key = key_of({{"files", "x"}});
  const auto before = key.digest();
  key.add_detail("file a", "1");
  CHECK(key.digest() == before);
}

TEST_CASE("miss_reason: names the first thing that differs", "[builder]") {
  const auto reason = [](const StepKey& before, const StepKey& now) {
    return builder::miss_reason(before, now);
  };
  CHECK(reason(key_of({{"op", "RUN a"}}), key_of({{"op", "RUN b"}})) == "the instruction changed");
  CHECK(reason(key_of({{"op", "x"}, {"parent", "1"}}), key_of({{"op", "x"}, {"parent", "2"}})) ==
        "the step before it changed");
  CHECK(reason(key_of({{"env V", "1"}}), key_of({{"env V", "2"}})) == "V 1 -> 2");
  CHECK(reason(key_of({}), key_of({{"env V", "2"}})) == "V is new");
  CHECK(reason(key_of({{"env V", "1"}}), key_of({})) == "V is gone");
  CHECK(reason(key_of({{"op", "x"}}), key_of({{"op", "x"}})) == "its record is gone");
}

TEST_CASE("miss_reason: tells files apart that stand behind a digest", "[builder]") {
  const auto with_files = [](const char* digest, std::initializer_list<builder::Ingredient> files) {
    StepKey key = key_of({{"files", digest}});
    for (const auto& file : files) key.add_detail("file " + file.name, file.value);
    return key;
  };
  const auto old = with_files("1", {{"a", "1"}, {"b", "1"}});
  CHECK(builder::miss_reason(old, with_files("2", {{"a", "1"}, {"b", "2"}})) == "b changed");
  CHECK(builder::miss_reason(old, with_files("2", {{"a", "1"}, {"b", "1"}, {"c", "1"}})) ==
        "c is new");
  CHECK(builder::miss_reason(old, with_files("2", {{"a", "1"}})) == "b is gone");
}

TEST_CASE("miss_reason: a base that moved is named", "[builder]") {
  StepKey before = key_of({{"parent", "1"}});
  before.add_detail("base", "python:3@sha256:1");
  StepKey now = key_of({{"parent", "2"}});
  now.add_detail("base", "python:3@sha256:2");
  CHECK(builder::miss_reason(before, now) ==
        "base moved from python:3@sha256:1 to python:3@sha256:2");
}

// What enters a key and what does not: cache_key.h is the list.
TEST_CASE("cache_key: what does not matter does not cost a step", "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.write("dir/a", "a");
  f.build("FROM base\nCOPY dir /dir\nRUN make\n");
  f.events.clear();
  SECTION("a comment, the case of a keyword, the file's name, labels") {
    f.request.dockerfile_name = "Other";
    f.build("# comment\nfrom base\nCOPY dir /dir\nLABEL a=b\nrun make\n");
  }
  SECTION("times of files") {
    const timespec times[2] = {{1, 0}, {1, 0}};
    REQUIRE(::utimensat(f.context().get(), "dir/a", times, 0) == 0);
    f.build("FROM base\nCOPY dir /dir\nRUN make\n");
  }
  SECTION("proxies given on the command line, addresses of hosts") {
    f.request.build_args["HTTP_PROXY"] = "http://proxy";
    f.build("FROM base\nCOPY dir /dir\nRUN make\n");
  }
  CHECK(f.events.cached_count() == 3);
}

TEST_CASE("cache_key: what matters makes another key", "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.write("dir/a", "a");
  f.build("FROM base\nCOPY dir /dir\n");
  const std::string dockerfile = "FROM base\nRUN make\n";
  f.build(dockerfile);
  f.events.clear();
  const auto misses = [&](const std::string& text) {
    f.events.clear();
    f.build(text);
    return f.events.reasons();
  };
  SECTION("a file's name") {
    REQUIRE(::renameat(f.context().get(), "dir/a", f.context().get(), "dir/b") == 0);
    CHECK(misses("FROM base\nCOPY dir /dir\n").size() == 1);
  }
  SECTION("a file's mode") {
    f.write("dir/a", "a", 0755);
    CHECK(misses("FROM base\nCOPY dir /dir\n").size() == 1);
  }
  SECTION("--chown") { CHECK(misses("FROM base\nCOPY --chown=1 dir /dir\n").size() == 1); }
  SECTION("a variable") { CHECK(misses("FROM base\nENV A=1\nRUN make\n").size() == 1); }
  SECTION("the user") { CHECK(misses("FROM base\nUSER 7\nRUN make\n").size() == 1); }
  SECTION("the network") { CHECK(misses("FROM base\nRUN --network=none make\n").size() == 1); }
  SECTION("the base's layers") {
    f.images.add("base", {{"bin/sh", "another"}});
    CHECK(misses(dockerfile).size() == 1);
  }
}
