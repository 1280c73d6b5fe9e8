#include "base/scratch_dir.h"

#include <fcntl.h>
#include <sys/file.h>

#include <catch2/catch.hpp>

#include "tests/support/scratch_dir.h"

using namespace ibuild::base;
using ibuild::test::make_scratch_dir;

namespace {

std::string make_left_over(const DirFd& parent) {
  std::string name = std::string(ScratchDir::kPrefix) + "left";
  make_dirs(parent, RelPath::exact(name + "/lower/deep"));
  return name;
}

}  // namespace

TEST_CASE("scratch_dir: it is there while it lives", "[base]") {
  const TempDir parent = make_scratch_dir();
  {
    const auto scratch = ScratchDir::make(parent.dir());
    write_file_atomically(scratch.dir(), RelPath::exact("f"), "content");
    CHECK(list_dir(parent.dir()).size() == 1);
  }
  CHECK(list_dir(parent.dir()).empty());
}

TEST_CASE("scratch_dir: what nobody holds is taken away, and nothing else", "[base]") {
  const TempDir parent = make_scratch_dir();
  const std::string left = make_left_over(parent.dir());
  make_dirs(parent.dir(), RelPath::exact("ibuild-scratch"));
  const auto other = ScratchDir::make(parent.dir());
  CHECK_FALSE(try_lstat_at(parent.dir(), RelPath::exact(left)));
  const auto scratch = ScratchDir::make(parent.dir());
  CHECK(list_dir(other.dir()).empty());
  CHECK(list_dir(parent.dir()).size() == 3);
}

TEST_CASE("scratch_dir: one that somebody holds stays", "[base]") {
  const TempDir parent = make_scratch_dir();
  const std::string left = make_left_over(parent.dir());
  const UniqueFd held = open_at(parent.dir(), RelPath::exact(left), O_RDONLY | O_DIRECTORY);
  REQUIRE(::flock(held.get(), LOCK_EX | LOCK_NB) == 0);
  const auto scratch = ScratchDir::make(parent.dir());
  CHECK(list_dir(parent.dir(), RelPath::exact(left)).size() == 1);
}
