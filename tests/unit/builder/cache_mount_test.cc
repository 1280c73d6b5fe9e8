#include "builder/ops/cache_mount.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using Catch::Matchers::Contains;
using ibuild::test::BuildFixture;

namespace {

/// Builds with a base that has something to begin a cache with, and looks at the caches afterwards.
struct CacheFixture : BuildFixture {
  CacheFixture() {
    images.add("base", {{"bin/sh", "sh"},
                        {"part/a", "one", 0640, 3, 4},
                        {"part/deep/b", "two"},
                        {"part/link", "", 0777, 0, 0, layers::EntryType::symlink, "a"}});
  }
  void run(const std::string& mount, const std::string& command = "true") {
    build("FROM base AS tools\nFROM base\nRUN --mount=type=cache," + mount + " " + command + "\n");
  }
  /// One for each id, owner and base.
  std::vector<base::DirFd> caches() const {
    std::vector<base::DirFd> found;
    const auto root = store->cache_dir("mounts");
    for (const auto& id : base::list_dir(root))
      found.push_back(base::open_dir_at(root, base::RelPath::exact(id.name + "/0")));
    return found;
  }
};

std::string read(const base::DirFd& dir, const std::string& path) {
  return base::read_file_at(dir, base::RelPath::exact(path), 1000);
}

bool has(const base::DirFd& dir, const std::string& path) {
  return base::try_lstat_at(dir, base::RelPath::exact(path)).has_value();
}

}  // namespace

TEST_CASE("cache mount: with from= it begins as the part that is named", "[builder]") {
  CacheFixture f;
  f.run("from=tools,source=part,target=/x");
  const auto caches = f.caches();
  REQUIRE(caches.size() == 1);
  CHECK(read(caches[0], "a") == "one");
  CHECK((base::lstat_at(caches[0], base::RelPath::exact("a")).st_mode & 07777) == 0640);
  CHECK(read(caches[0], "deep/b") == "two");
  CHECK(base::read_link_at(caches[0], base::RelPath::exact("link")) == "a");
  CHECK_FALSE(has(caches[0], "bin"));
}

TEST_CASE("cache mount: what steps left is there the next time, the base counts once",
          "[builder]") {
  CacheFixture f;
  f.run("from=tools,source=part,target=/x", "a");
  base::write_file_atomically(f.caches().at(0), base::RelPath::exact("a"), "changed");
  f.run("from=tools,source=part,target=/x", "b");
  REQUIRE(f.caches().size() == 1);
  CHECK(read(f.caches()[0], "a") == "changed");
  f.images.add("base", {{"bin/sh", "sh"}, {"part/a", "other base"}});
  f.run("from=tools,source=part,target=/x", "b");
  CHECK(f.caches().size() == 2);
}

TEST_CASE("cache mount: from= takes the build's contexts as well", "[builder]") {
  CacheFixture f;
  const auto other = test::make_scratch_dir();
  base::write_file_atomically(other.dir(), base::RelPath::exact("file"), "there");
  f.request.contexts.add("src", builder::DirectoryContext{other.host_path()});
  f.run("from=src,target=/x");
  REQUIRE(f.caches().size() == 1);
  CHECK(read(f.caches()[0], "file") == "there");
}

TEST_CASE("cache mount: with from= it has the time of the directory it begins as", "[builder]") {
  CacheFixture f;
  const auto other = test::make_scratch_dir();
  base::make_dirs(other.dir(), base::RelPath::exact("part"));
  const timespec times[2] = {{.tv_sec = 7, .tv_nsec = 0}, {.tv_sec = 7, .tv_nsec = 0}};
  REQUIRE(::utimensat(other.dir().get(), "part", times, 0) == 0);
  f.request.contexts.add("src", builder::DirectoryContext{other.host_path()});
  f.run("from=src,source=part,target=/x");
  REQUIRE(f.caches().size() == 1);
  struct stat status {};
  REQUIRE(::fstat(f.caches()[0].get(), &status) == 0);
  CHECK(status.st_mtime == 7);
}

TEST_CASE("cache mount: an owner or a mode asks for a directory of its own, without the base",
          "[builder]") {
  CacheFixture f;
  f.run("from=tools,target=/x,mode=0711");
  REQUIRE(f.caches().size() == 1);
  CHECK(base::list_dir(f.caches()[0]).empty());
  struct stat status {};
  REQUIRE(::fstat(f.caches()[0].get(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0711);
}

TEST_CASE("cache mount: of a mode the permissions alone count, as in BuildKit", "[builder]") {
  CacheFixture f;
  f.run("target=/x,mode=7753");
  f.run("target=/x,mode=753", "other");
  REQUIRE(f.caches().size() == 1);
  struct stat status {};
  REQUIRE(::fstat(f.caches()[0].get(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0753);
}

TEST_CASE("cache mount: without the cache one with an owner or a mode begins anew, once",
          "[builder]") {
  CacheFixture f;
  const std::string mount =
      GENERATE("mode=0711", "uid=7", "gid=7,sharing=locked", "mode=0711,sharing=private");
  const std::string twice = "RUN --mount=type=cache,target=/x," + mount + " true\n" +
                            "RUN --mount=type=cache,target=/x," + mount + " other\n";
  f.build("FROM base\n" + twice);
  base::write_file_atomically(f.caches().at(0), base::RelPath::exact("a"), "old");
  f.request.no_cache = true;
  const auto count_up = [&](const base::DirFd&, sandbox::StepObserver&) {
    const auto caches = f.caches();
    const auto& cache = caches.at(0);
    const int count = has(cache, "count") ? std::stoi(read(cache, "count")) : 0;
    base::write_file_atomically(cache, base::RelPath::exact("count"), std::to_string(count + 1));
    return 0;
  };
  f.sandbox.on("true", count_up);
  f.sandbox.on("other", count_up);
  f.build("FROM base\n" + twice);
  REQUIRE(f.caches().size() == 1);
  CHECK_FALSE(has(f.caches()[0], "a"));
  CHECK(read(f.caches()[0], "count") == "2");
}

TEST_CASE("cache mount: without the cache one of no owner or mode stays", "[builder]") {
  CacheFixture f;
  f.run("target=/x");
  base::write_file_atomically(f.caches().at(0), base::RelPath::exact("a"), "old");
  f.request.no_cache = true;
  f.run("target=/x");
  CHECK(read(f.caches().at(0), "a") == "old");
}

TEST_CASE("cache mount: without an id its name is the target as it is written", "[builder]") {
  CacheFixture f;
  f.build(
      "FROM base\nWORKDIR /a\nRUN --mount=type=cache,target=./c/ true\n"
      "WORKDIR /b\nRUN --mount=type=cache,target=c true\n"
      "RUN --mount=type=cache,id=c,target=/x true\n");
  CHECK(f.caches().size() == 1);
  f.run("target=/a/c");
  CHECK(f.caches().size() == 2);
}

TEST_CASE("cache mount: source= without from= is a part of the same cache", "[builder]") {
  CacheFixture f;
  f.run("id=c,target=/x");
  CHECK_THROWS_WITH(f.run("id=c,source=sub,target=/x,uid=7"),
                    Contains("\"/sub\": not found in the cache"));
  base::make_dirs(f.caches().at(0), base::RelPath::exact("sub"));
  CHECK_NOTHROW(f.run("id=c,source=sub,target=/x,uid=7"));
  CHECK(f.caches().size() == 1);
}

TEST_CASE("cache mount: an id that could be a path is a cache beside the others", "[builder]") {
  CacheFixture f;
  for (const char* id : {"c", "c/0", "c/0/sub", "../mounts/c"}) {
    f.run(std::string("id=") + id + ",target=/x", id);  // another command, that it may run
  }
  for (const auto& entry : base::list_dir(f.store->cache_dir("mounts"))) {
    INFO(entry.name);  // a digest
    CHECK(entry.name.size() == 64);
    CHECK(entry.name.find_first_not_of("0123456789abcdef") == std::string::npos);
  }
  const auto caches = f.caches();
  CHECK(caches.size() == 4);
  for (const auto& cache : caches) CHECK(base::list_dir(cache).empty());
}

TEST_CASE("cache mount: a link in it does not lead out of it", "[builder]") {
  CacheFixture f;
  f.run("id=c,target=/x");
  const auto cache = std::move(f.caches().at(0));
  REQUIRE(::symlinkat("/etc", cache.get(), "out") == 0);
  CHECK_THROWS_WITH(f.run("id=c,source=out,target=/x"), Contains("not found"));
}

TEST_CASE("cache mount: a step with another base or part runs again", "[builder]") {
  CacheFixture f;
  const auto runs = [&](const std::string& mount) {
    f.events.clear();
    f.run(mount, "same");
    return f.sandbox.commands().size();
  };
  const auto first = runs("from=tools,source=part,target=/x");
  CHECK(runs("from=tools,source=part,target=/x") == first);
  CHECK(runs("from=tools,source=part/deep,target=/x") == first + 1);
  CHECK_THROWS_WITH(runs("from=tools,source=part/a,target=/x"), Contains("cannot begin as a file"));
  CHECK_THROWS_WITH(runs("from=tools,source=none,target=/x"), Contains("\"/none\": not found"));
}
