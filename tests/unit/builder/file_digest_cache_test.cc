#include "builder/tree/file_digest_cache.h"

#include <catch2/catch.hpp>

#include "base/files.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using builder::FileDigestCache;
using builder::FileFacts;
using builder::FileIdentity;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
const base::TimePoint kNow{std::chrono::seconds(1000)};

FileIdentity identity(std::uint64_t inode, std::int64_t changed_s = 10) {
  return {7, inode, 100, changed_s * kSecond, changed_s * kSecond};
}

FileFacts facts(const std::string& text, const std::string& capability = "") {
  return {base::sha256_of(text), capability};
}

void save_many(const base::DirFd& dir, std::uint64_t first, std::uint64_t last) {
  FileDigestCache cache(dir.dup());
  for (auto inode = first; inode <= last; ++inode)
    cache.remember(identity(inode), facts(std::to_string(inode)), kNow);
  cache.save();
}

}  // namespace

TEST_CASE("file_digest_cache: what is saved is found by the next build, by its whole identity",
          "[builder]") {
  const auto scratch = test::make_scratch_dir();
  {
    FileDigestCache cache(scratch.dir().dup());
    cache.remember(identity(1), facts("one", "caps"), kNow);
    cache.remember(identity(2), facts("two"), kNow);
    CHECK(cache.find(identity(1)) == facts("one", "caps"));
    cache.save();
  }
  FileDigestCache cache(scratch.dir().dup());
  CHECK(cache.find(identity(1)) == facts("one", "caps"));
  CHECK(cache.find(identity(2)) == facts("two"));
  CHECK_FALSE(cache.find(identity(3)));
  auto other = identity(1);
  other.mtime_ns += 1;
  CHECK_FALSE(cache.find(other));
}

TEST_CASE("file_digest_cache: a file changed just before it was read is not remembered",
          "[builder]") {
  const auto scratch = test::make_scratch_dir();
  FileDigestCache cache(scratch.dir().dup());
  cache.remember(identity(1, 999), facts("one"), kNow);
  cache.remember(identity(2, 2000), facts("from the future"), kNow);
  CHECK_FALSE(cache.find(identity(1, 999)));
  CHECK_FALSE(cache.find(identity(2, 2000)));
}

TEST_CASE(
    "file_digest_cache: saves of two builds are merged, and only the last state of a file is kept",
    "[builder]") {
  const auto scratch = test::make_scratch_dir();
  save_many(scratch.dir(), 1, 50);
  save_many(scratch.dir(), 40, 90);
  FileDigestCache cache(scratch.dir().dup());
  for (std::uint64_t inode = 1; inode <= 90; ++inode)
    CHECK(cache.find(identity(inode)) == facts(std::to_string(inode)));
  cache.remember(identity(5, 20), facts("newer"), kNow);
  cache.save();
  CHECK(cache.find(identity(5, 20)) == facts("newer"));
  CHECK_FALSE(cache.find(identity(5)));
}

TEST_CASE("file_digest_cache: many are saved before the end, few are not", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  FileDigestCache cache(scratch.dir().dup());
  const auto remember = [&](std::uint64_t first, std::uint64_t last) {
    for (auto inode = first; inode <= last; ++inode)
      cache.remember(identity(inode), facts(std::to_string(inode)), kNow);
    cache.take_less_memory();
  };
  const auto saved = [&](std::uint64_t inode) {
    return FileDigestCache(scratch.dir().dup()).find(identity(inode)).has_value();
  };
  remember(1, 100);
  CHECK_FALSE(saved(1));
  remember(101, 20'000);
  CHECK(saved(1));
  CHECK(saved(20'000));
  CHECK(cache.find(identity(20'000)) == facts("20000"));
  remember(20'001, 20'100);
  CHECK_FALSE(saved(20'001));
  CHECK(cache.find(identity(20'001)) == facts("20001"));
  CHECK(cache.find(identity(20'000)) == facts("20000"));  // its page is read again
}

TEST_CASE("file_digest_cache: a damaged record is not there, the others are", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  save_many(scratch.dir(), 1, 3);
  const auto path = base::RelPath::exact("files.idx");
  auto bytes = base::read_file_at(scratch.dir(), path, 4096);
  bytes[8 + 112 + 50] ^= 1;  // in the digest of the second record
  base::write_file_atomically(scratch.dir(), path, bytes);
  FileDigestCache cache(scratch.dir().dup());
  CHECK(cache.find(identity(1)));
  CHECK_FALSE(cache.find(identity(2)));
  CHECK(cache.find(identity(3)));
}

TEST_CASE("file_digest_cache: a file of another kind is an empty index", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  const auto path = base::RelPath::exact("files.idx");
  for (const std::string text :
       {"", "x", "not an index at all, but as long as a header and more"}) {
    base::write_file_atomically(scratch.dir(), path, text);
    FileDigestCache cache(scratch.dir().dup());
    CHECK_FALSE(cache.find(identity(1)));
  }
}
