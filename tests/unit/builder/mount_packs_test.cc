#include "builder/cache/mount_packs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "builder/cache/layout_cache.h"
#include "builder/ops/cache_mount.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using base::RelPath;
using builder::CacheMount;
using ibuild::test::BuildFixture;

namespace {

/// A machine whose steps use a cache mount; another directory is the cache between machines.
struct MountMachine : BuildFixture {
  explicit MountMachine(const base::TempDir& cache) : directory(cache.host_path()) {
    images.add("base", {{"bin/sh", "sh"}});
    clock = base::Clock();
  }
  void step(const std::string& command, const std::string& options = "") {
    build("FROM base\nRUN --mount=type=cache,id=pip,target=/x" + options + " " + command + "\n");
  }
  void write_cache(const std::string& mounts) {
    request.cache_to = {{"local", {{"dest", directory}, {"mode", "max"}, {"mounts", mounts}}}};
  }
  void read_cache() { request.cache_from = {{"local", {{"src", directory}}}}; }
  base::DirFd mount() {
    const auto root = store->cache_dir("mounts");
    const auto ids = base::list_dir(root);
    REQUIRE(ids.size() == 1);
    return base::open_dir_at(root, RelPath::exact(ids[0].name + "/0"));
  }
  std::string content(const std::string& path) {
    return base::read_file_at(mount(), RelPath::exact(path), 1000);
  }
  std::string directory;
};

void fill(const base::DirFd& dir) {
  base::make_dirs(dir, RelPath::exact("deep"));
  base::write_file_atomically(dir, RelPath::exact("deep/a"), "one", 0640);
  base::write_file_atomically(dir, RelPath::exact("b"), "two");
  REQUIRE(::symlinkat("deep/a", dir.get(), "link") == 0);
  REQUIRE(::linkat(dir.get(), "b", dir.get(), "twin", 0) == 0);
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  REQUIRE(::utimensat(dir.get(), "b", times, 0) == 0);
}

/// A cache that holds the mount, filled.
void make_cache(const base::TempDir& cache) {
  MountMachine first(cache);
  first.step("one");
  fill(first.mount());
  first.write_cache("pip");
  first.step("one");
  REQUIRE(first.events.warnings().empty());
}

}  // namespace

TEST_CASE("mount_packs: another machine's step finds what was in the mount", "[builder]") {
  const auto cache = test::make_scratch_dir();
  make_cache(cache);
  MountMachine second(cache);
  second.read_cache();
  second.step("two");
  CHECK(second.content("deep/a") == "one");
  CHECK((base::lstat_at(second.mount(), RelPath::exact("deep/a")).st_mode & 07777) == 0640);
  CHECK(base::read_link_at(second.mount(), RelPath::exact("link")) == "deep/a");
  CHECK(base::lstat_at(second.mount(), RelPath::exact("b")).st_mtim.tv_sec == 1000);
  CHECK(base::lstat_at(second.mount(), RelPath::exact("b")).st_ino ==
        base::lstat_at(second.mount(), RelPath::exact("twin")).st_ino);
  CHECK_THAT(second.events.log_text(), Catch::Contains("cache mount pip restored from"));
}

TEST_CASE("mount_packs: a mount that is there stays as it is", "[builder]") {
  const auto cache = test::make_scratch_dir();
  make_cache(cache);
  MountMachine second(cache);
  second.step("two");
  base::write_file_atomically(second.mount(), RelPath::exact("own"), "mine");
  second.read_cache();
  second.step("three");
  CHECK(second.content("own") == "mine");
  CHECK_FALSE(base::try_lstat_at(second.mount(), RelPath::exact("b")));
}

TEST_CASE("mount_packs: a mount of another owner is another mount", "[builder]") {
  const auto cache = test::make_scratch_dir();
  make_cache(cache);
  MountMachine second(cache);
  second.read_cache();
  second.step("two", ",mode=0700");
  CHECK(base::list_dir(second.mount()).empty());
}

TEST_CASE(
    "mount_packs: nothing is fetched for a step that need not run, and the mount is handed on",
    "[builder]") {
  const auto cache = test::make_scratch_dir();
  make_cache(cache);
  MountMachine second(cache);
  second.read_cache();
  second.write_cache("pip");
  second.step("one");
  CHECK(second.sandbox.commands().empty());
  CHECK(base::list_dir(second.store->cache_dir("mounts")).empty());
  CHECK(second.events.warnings().empty());
  MountMachine third(cache);
  third.read_cache();
  third.step("three");
  CHECK(third.content("b") == "two");
}

TEST_CASE("mount_packs: equal contents are one blob; ids that are nowhere are warned of",
          "[builder]") {
  const auto cache = test::make_scratch_dir();
  MountMachine machine(cache);
  machine.step("one");
  fill(machine.mount());
  machine.write_cache("*");
  machine.step("one");
  const auto names = [&] {
    std::set<std::string> found;
    for (const auto& entry : base::list_dir(cache.dir(), RelPath::exact("blobs/sha256")))
      found.insert(entry.name);
    return found;
  };
  const auto before = names();
  machine.step("one");
  CHECK(names() == before);
  CHECK(machine.events.warnings().empty());
  machine.write_cache("pip,npm");
  machine.step("one");
  REQUIRE(machine.events.warnings().size() == 1);
  CHECK_THAT(machine.events.warnings()[0], Catch::Contains("cache mount npm is not there"));
}

TEST_CASE("mount_packs: one that is damaged is warned of, and the mount begins empty",
          "[builder]") {
  const auto cache = test::make_scratch_dir();
  make_cache(cache);
  for (const auto& entry : base::list_dir(cache.dir(), RelPath::exact("blobs/sha256"))) {
    const auto path = RelPath::exact("blobs/sha256/" + entry.name);
    auto bytes = base::read_file_at(cache.dir(), path, 1 << 20);
    if (bytes.starts_with('{')) continue;
    bytes[bytes.size() / 2] ^= 1;
    base::write_file_atomically(cache.dir(), path, bytes);
  }
  MountMachine second(cache);
  second.read_cache();
  second.step("two");
  CHECK(base::list_dir(second.mount()).empty());
  REQUIRE(second.events.warnings().size() == 1);
  CHECK_THAT(second.events.warnings()[0], Catch::Contains("the build goes on without it"));
}

TEST_CASE("cache mount: the name gives the id, without the empty namespace", "[builder]") {
  CHECK(CacheMount::id_of("/pip\n0:0:493") == "pip");
  CHECK(CacheMount::id_of("ns/pip\nfrom x") == "ns/pip");
  const auto cache = test::make_scratch_dir();
  MountMachine machine(cache);
  CHECK(CacheMount::stored_names(*machine.store).empty());
  CHECK_FALSE(CacheMount::open_stored(*machine.store, "/pip\n0:0:493", {}));
  machine.step("one");
  const auto names = CacheMount::stored_names(*machine.store);
  REQUIRE(names.size() == 1);
  CHECK(CacheMount::id_of(names[0]) == "pip");
  CHECK(CacheMount::open_stored(*machine.store, names[0], {}));
}
