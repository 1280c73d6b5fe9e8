#include "base/files.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "base/error.h"
#include "tests/support/forked.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild::base;
using ibuild::test::make_scratch_dir;

namespace {

RelPath path(std::string_view text) { return RelPath::exact(text); }

}  // namespace

TEST_CASE("files: a file takes the place of whatever stands in one of the program's own places",
          "[base]") {
  const auto scratch = make_scratch_dir();
  const auto place = RelPath::exact("place");
  replace_file(scratch.dir(), place, "first");
  CHECK(read_file_at(scratch.dir(), place, 100) == "first");
  remove_tree(scratch.dir(), place);
  make_dirs(scratch.dir(), RelPath::exact("place/with/more"));
  CHECK_THROWS_AS(write_file_atomically(scratch.dir(), place, "x"), SystemError);
  replace_file(scratch.dir(), place, "second");
  CHECK(read_file_at(scratch.dir(), place, 100) == "second");
}

TEST_CASE("files: an atomic file appears on commit", "[base]") {
  const TempDir scratch = make_scratch_dir();
  make_dirs(scratch.dir(), path("d"));
  AtomicFile file(scratch.dir(), path("d/f"), 0600);
  file.write(as_bytes("con"));
  file.write(as_bytes("tent"));
  CHECK_FALSE(try_lstat_at(scratch.dir(), path("d/f")));
  file.commit(GENERATE(AtomicFile::Sync::none, AtomicFile::Sync::data));
  CHECK(read_file_at(scratch.dir(), path("d/f"), 100) == "content");
  CHECK((lstat_at(scratch.dir(), path("d/f")).st_mode & 0777) == 0600);
  CHECK(list_dir(scratch.dir(), path("d")).size() == 1);
}

TEST_CASE("files: an atomic file that is not committed leaves nothing", "[base]") {
  const TempDir scratch = make_scratch_dir();
  write_file_atomically(scratch.dir(), path("f"), "old");
  {
    AtomicFile file(scratch.dir(), path("f"));
    file.write(as_bytes("half"));
    CHECK(list_dir(scratch.dir()).size() == 2);
  }
  CHECK(list_dir(scratch.dir()).size() == 1);
  CHECK(read_file_at(scratch.dir(), path("f"), 100) == "old");
}

TEST_CASE("files: an atomic file replaces what was there", "[base]") {
  const TempDir scratch = make_scratch_dir();
  write_file_atomically(scratch.dir(), path("f"), "old");
  write_file_atomically(scratch.dir(), path("f"), "new");
  CHECK(read_file_at(scratch.dir(), path("f"), 100) == "new");
}

TEST_CASE("files: a commit that fails leaves no temporary behind", "[base]") {
  const TempDir scratch = make_scratch_dir();
  make_dirs(scratch.dir(), path("taken/inner"));
  {
    AtomicFile file(scratch.dir(), path("taken"));
    CHECK_THROWS_AS(file.commit(), SystemError);
  }
  CHECK(list_dir(scratch.dir()).size() == 1);
}

TEST_CASE("files: an atomic file needs its directory", "[base]") {
  const TempDir scratch = make_scratch_dir();
  CHECK_THROWS_AS(AtomicFile(scratch.dir(), path("none/f")), SystemError);
}

TEST_CASE("files: a temporary directory goes with its content", "[base]") {
  const TempDir scratch = make_scratch_dir();
  {
    const TempDir temp(scratch.dir(), "work-");
    CHECK(temp.name().starts_with("work-"));
    CHECK(temp.host_path() == scratch.host_path() + "/" + temp.name());
    make_dirs(temp.dir(), path("a/b"));
    CHECK(list_dir(scratch.dir()).size() == 1);
  }
  CHECK(list_dir(scratch.dir()).empty());
}

TEST_CASE("files: a temporary directory is its owner's alone", "[base]") {
  const TempDir scratch = make_scratch_dir();
  const TempDir temp(scratch.dir(), "t");
  CHECK((lstat_at(scratch.dir(), path(temp.name())).st_mode & 0777) == 0700);
}

TEST_CASE("files: two temporary directories never share a name", "[base]") {
  const TempDir scratch = make_scratch_dir();
  const TempDir first(scratch.dir(), "t");
  const TempDir second(scratch.dir(), "t");
  CHECK(first.name() != second.name());
}

TEST_CASE("files: a kept temporary directory stays", "[base]") {
  const TempDir scratch = make_scratch_dir();
  {
    TempDir temp(scratch.dir(), "t");
    temp.keep();
  }
  CHECK(list_dir(scratch.dir()).size() == 1);
}

TEST_CASE("files: a moved temporary directory is removed once, by its new owner", "[base]") {
  const TempDir scratch = make_scratch_dir();
  {
    std::optional<TempDir> first(std::in_place, scratch.dir(), "t");
    const TempDir second = std::move(*first);
    first.reset();
    CHECK(list_dir(scratch.dir()).size() == 1);
    CHECK(list_dir(second.dir()).empty());
  }
  CHECK(list_dir(scratch.dir()).empty());
}

TEST_CASE("files: an exclusive lock keeps everybody else out", "[base]") {
  const TempDir scratch = make_scratch_dir();
  using Mode = LockFile::Mode;
  auto held = LockFile::try_acquire(scratch.dir(), path("l"), Mode::exclusive);
  REQUIRE(held);
  CHECK_FALSE(LockFile::try_acquire(scratch.dir(), path("l"), Mode::exclusive));
  CHECK_FALSE(LockFile::try_acquire(scratch.dir(), path("l"), Mode::shared));
  held.reset();
  CHECK(LockFile::try_acquire(scratch.dir(), path("l"), Mode::exclusive));
  CHECK(try_lstat_at(scratch.dir(), path("l")).has_value());
}

TEST_CASE("files: shared locks go together", "[base]") {
  const TempDir scratch = make_scratch_dir();
  using Mode = LockFile::Mode;
  const auto first = LockFile::try_acquire(scratch.dir(), path("l"), Mode::shared);
  const auto second = LockFile::try_acquire(scratch.dir(), path("l"), Mode::shared);
  CHECK(first);
  CHECK(second);
  CHECK_FALSE(LockFile::try_acquire(scratch.dir(), path("l"), Mode::exclusive));
}

TEST_CASE("files: a waiter gets the lock when it is let go", "[base]") {
  const TempDir scratch = make_scratch_dir();
  using Mode = LockFile::Mode;
  std::optional<LockFile> held = LockFile::acquire(scratch.dir(), path("l"), Mode::exclusive);
  std::atomic<bool> let_go = false;
  std::atomic<bool> waited_for_it = false;
  std::jthread waiter([&] {
    const LockFile mine = LockFile::acquire(scratch.dir(), path("l"), Mode::exclusive);
    waited_for_it = let_go.load();
  });
  let_go = true;
  held.reset();
  waiter.join();
  CHECK(waited_for_it);
}

TEST_CASE("files: a stop request ends the wait for a lock", "[base]") {
  const TempDir scratch = make_scratch_dir();
  using Mode = LockFile::Mode;
  const LockFile held = LockFile::acquire(scratch.dir(), path("l"), Mode::exclusive);
  std::stop_source stop;
  bool cancelled = false;
  std::jthread waiter([&] {
    try {
      (void)LockFile::acquire(scratch.dir(), path("l"), Mode::exclusive, stop.get_token());
    } catch (const CancelledError&) {
      cancelled = true;
    }
  });
  stop.request_stop();
  waiter.join();
  CHECK(cancelled);
}

TEST_CASE("files: a free lock is taken even after a stop request", "[base]") {
  const TempDir scratch = make_scratch_dir();
  std::stop_source stop;
  stop.request_stop();
  CHECK_NOTHROW(
      LockFile::acquire(scratch.dir(), path("l"), LockFile::Mode::shared, stop.get_token()));
}

TEST_CASE("files: the lock of a process that died is free", "[base]") {
  const TempDir scratch = make_scratch_dir();
  CHECK(ibuild::test::passes_in_fork([&] {
    // Left by _exit, so that no destructor runs.
    static auto held = LockFile::acquire(scratch.dir(), path("l"), LockFile::Mode::exclusive);
    return !LockFile::try_acquire(scratch.dir(), path("l"), LockFile::Mode::shared);
  }));
  CHECK(LockFile::try_acquire(scratch.dir(), path("l"), LockFile::Mode::exclusive));
}
