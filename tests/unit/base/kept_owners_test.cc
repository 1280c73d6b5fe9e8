#include "base/kept_owners.h"

#include <linux/magic.h>

#include <catch2/catch.hpp>

#include "tests/support/scratch_dir.h"

using namespace ibuild;
using namespace ibuild::base;

TEST_CASE("kept owners: file systems that have none are known by name", "[base]") {
  CHECK(file_system_without_owners(MSDOS_SUPER_MAGIC) == "FAT");
  CHECK(file_system_without_owners(0x2011BAB0) == "exFAT");
  CHECK(file_system_without_owners(EXT4_SUPER_MAGIC).empty());
  CHECK(file_system_without_owners(TMPFS_MAGIC).empty());
}

TEST_CASE("kept owners: a directory that keeps them passes, and nothing stays in it", "[base]") {
  const TempDir dir = test::make_scratch_dir();
  check_keeps_owners(dir.dir());
  CHECK(list_dir(dir.dir()).empty());
}
