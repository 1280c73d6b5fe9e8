#include "layers/process_temp.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "base/files.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::layers {

namespace {

using base::RelPath;

std::size_t entries(const base::DirFd& dir) { return base::list_dir(dir).size(); }

/// A child that makes a folder with a file in it and is killed.
void leave_a_folder_behind(const base::DirFd& tmp) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    const ProcessTemp temp(tmp);
    base::make_dirs(temp.dir(), RelPath::exact("upper/etc"));
    base::write_file_atomically(temp.dir(), RelPath::exact("upper/etc/passwd"), "x");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFSIGNALED(status));
}

}  // namespace

TEST_CASE("process_temp: the folder and its lock go with their owner", "[layers]") {
  const base::TempDir tmp = test::make_scratch_dir();
  {
    const ProcessTemp temp(tmp.dir());
    base::write_file_atomically(temp.dir(), RelPath::exact("file"), "x");
    CHECK(entries(tmp.dir()) == 2);
    struct stat info {};
    REQUIRE(::fstat(temp.dir().get(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0700);
  }
  CHECK(entries(tmp.dir()) == 0);
}

TEST_CASE("process_temp: the folder of a living process stays", "[layers]") {
  const base::TempDir tmp = test::make_scratch_dir();
  const ProcessTemp temp(tmp.dir());
  base::write_file_atomically(temp.dir(), RelPath::exact("file"), "x");
  remove_abandoned_temps(tmp.dir());
  CHECK(base::read_file_at(temp.dir(), RelPath::exact("file"), 10) == "x");
  CHECK(entries(tmp.dir()) == 2);
}

TEST_CASE("process_temp: the folder of a killed process is removed", "[layers]") {
  const base::TempDir tmp = test::make_scratch_dir();
  const ProcessTemp temp(tmp.dir());
  leave_a_folder_behind(tmp.dir());
  CHECK(entries(tmp.dir()) == 4);
  remove_abandoned_temps(tmp.dir());
  CHECK(entries(tmp.dir()) == 2);
}

TEST_CASE("process_temp: folders without a lock and stray files are removed", "[layers]") {
  const base::TempDir tmp = test::make_scratch_dir();
  base::make_dirs(tmp.dir(), RelPath::exact("orphan/deep"));
  base::write_file_atomically(tmp.dir(), RelPath::exact("alone.lock"), "");
  base::write_file_atomically(tmp.dir(), RelPath::exact("file"), "");
  remove_abandoned_temps(tmp.dir());
  CHECK(entries(tmp.dir()) == 0);
}

TEST_CASE("process_temp: a lock file without a name harms nobody", "[layers]") {
  const base::TempDir tmp = test::make_scratch_dir();
  const ProcessTemp temp(tmp.dir());
  base::write_file_atomically(tmp.dir(), RelPath::exact(".lock"), "");
  remove_abandoned_temps(tmp.dir());
  CHECK(base::try_lstat_at(temp.dir(), {}).has_value());
  CHECK(entries(tmp.dir()) == 3);
}

TEST_CASE("process_temp: what cannot be removed is no error", "[layers]") {
  const base::TempDir tmp = test::make_scratch_dir();
  base::make_dirs(tmp.dir(), RelPath::exact("strange.lock"));  // cannot be opened as a file
  CHECK_NOTHROW(remove_abandoned_temps(tmp.dir()));
  CHECK(entries(tmp.dir()) == 1);
}

TEST_CASE("process_temp: a folder being made is never taken for an abandoned one", "[layers]") {
  const base::TempDir tmp = test::make_scratch_dir();
  std::atomic<bool> stop = false;
  std::jthread cleaner([&] {
    while (!stop) remove_abandoned_temps(tmp.dir());
  });
  for (int i = 0; i < 300; ++i) {
    const ProcessTemp temp(tmp.dir());
    base::write_file_atomically(temp.dir(), RelPath::exact("file"), "x");
    REQUIRE(base::read_file_at(temp.dir(), RelPath::exact("file"), 10) == "x");
  }
  stop = true;
}

}  // namespace ibuild::layers
