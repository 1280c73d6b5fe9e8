#include "base/owner_record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/files.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::base {
namespace {

TEST_CASE("owner_record: text of owners and devices comes back as it was", "[base]") {
  const OwnerRecord plain{.uid = 1000, .gid = 4294967294};
  CHECK(format_owner_record(plain) == "1000:4294967294");
  CHECK(parse_owner_record("1000:4294967294") == plain);
  const OwnerRecord disk{0, 6, S_IFBLK, 8, 1};
  CHECK(format_owner_record(disk) == "0:6:b:8:1");
  CHECK(parse_owner_record("0:6:b:8:1") == disk);
  CHECK(parse_owner_record("0:0:c:1:3") == OwnerRecord{0, 0, S_IFCHR, 1, 3});
}

TEST_CASE("owner_record: what is no record is none", "[base]") {
  for (const char* text : {"", "1", "1:", ":1", "1:2:", "1:2:c:3", "1:2:x:3:4", "-1:0",
                           "1:4294967296", "1:2:c:3:4:5", "a:b"}) {
    INFO(text);
    CHECK_FALSE(parse_owner_record(text));
  }
}

TEST_CASE("owner_record: files and directories keep one, links have none", "[base]") {
  const TempDir scratch = test::make_scratch_dir();
  const DirFd& dir = scratch.dir();
  write_file_atomically(dir, RelPath::exact("file"), "text");
  make_dirs(dir, RelPath::exact("sub"));
  REQUIRE(::symlinkat("file", dir.get(), "link") == 0);
  const OwnerRecord record{.uid = 7, .gid = 8};
  if (!write_owner_record_at(dir.get(), "file", record)) {
    WARN("this file system takes no user attributes");
    return;
  }
  CHECK(read_owner_record_at(dir.get(), "file") == record);
  CHECK_FALSE(write_owner_record_at(dir.get(), "link", record));
  CHECK_FALSE(read_owner_record_at(dir.get(), "link"));
  const UniqueFd sub(::openat(dir.get(), "sub", O_PATH | O_CLOEXEC));
  CHECK_FALSE(read_owner_record(sub.get()));
  CHECK(write_owner_record(sub.get(), record));
  CHECK(read_owner_record(sub.get()) == record);
}

TEST_CASE("owner_record: a table tells a new file from an old one with its number", "[base]") {
  SpecialOwners owners;
  const OwnerRecord record{.uid = 1, .gid = 2};
  owners.set({1, 10, 500}, record);
  owners.set({1, 11, 0}, record);  // whenever it was born
  CHECK(owners.find({1, 10, 500}) == record);
  CHECK_FALSE(owners.find({1, 10, 501}));
  CHECK_FALSE(owners.find({2, 10, 500}));
  CHECK(owners.find({1, 11, 77}) == record);
  owners.set({1, 10, 501}, {.uid = 3, .gid = 4});
  CHECK(owners.find({1, 10, 501})->uid == 3);
  CHECK(owners.has_exactly({1, 10, 501}));
  CHECK_FALSE(owners.has_exactly({1, 10, 500}));
  CHECK_FALSE(owners.has_exactly({1, 11, 0}));
  CHECK_FALSE(owners.has_exactly({2, 10, 501}));
  const SpecialOwners copy(owners.list());
  CHECK(copy.find({1, 10, 501})->uid == 3);
  CHECK(copy.list().size() == 2);
}

TEST_CASE("owner_record: a name stands for the link itself", "[base]") {
  const TempDir scratch = test::make_scratch_dir();
  const int dir = scratch.dir().get();
  REQUIRE(::symlinkat("nowhere", dir, "link") == 0);
  const UniqueFd link(::openat(dir, "link", O_PATH | O_NOFOLLOW | O_CLOEXEC));
  const FileIdentity by_name = identity_of(dir, "link");
  const FileIdentity by_fd = identity_of(link.get());
  CHECK(by_name.inode == by_fd.inode);
  CHECK(by_name.device == by_fd.device);
  CHECK(by_name.born_ns == by_fd.born_ns);
}

}  // namespace
}  // namespace ibuild::base
