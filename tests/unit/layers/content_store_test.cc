#include "layers/content_store.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/scope_exit.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::layers {

namespace {

using base::RelPath;

/// A store folder of its own with a folder for temporaries beside it.
struct Fixture {
  base::TempDir scratch = test::make_scratch_dir();
  base::DirFd temp = make("temp");
  base::DirFd root = make("root");
  ContentStore content{root, temp};

  base::DirFd make(const std::string& name) const {
    base::make_dirs(scratch.dir(), RelPath::exact(name));
    return base::open_dir_at(scratch.dir(), RelPath::exact(name));
  }
  RelPath path_of(const base::Digest& digest) const {
    return RelPath::exact("blobs/sha256/" + std::string(digest.hex()));
  }
  void overwrite(const base::Digest& digest, std::string_view bytes) const {
    base::write_file_atomically(root, path_of(digest), bytes);
  }
  std::size_t leftovers() const { return base::list_dir(temp).size(); }
};

std::string text_of(const base::UniqueFd& fd) {
  base::FdSource source(fd.get());
  return base::read_all(source, 1 << 20, "blob");
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const base::Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("content_store: a blob is found by the digest of its bytes", "[layers]") {
  Fixture f;
  const auto digest = f.content.put("hello");
  CHECK(digest == base::sha256_of("hello"));
  CHECK(f.content.try_size(digest) == 5);
  CHECK(f.content.has_exact(digest, 5));
  CHECK(text_of(f.content.open(digest)) == "hello");
  CHECK(f.content.read(digest) == "hello");
  CHECK(base::read_file_at(f.root, f.path_of(digest), 100) == "hello");
}

TEST_CASE("content_store: what is not there is none, and opening it names the digest", "[layers]") {
  Fixture f;
  const auto digest = base::sha256_of("never stored");
  CHECK_FALSE(f.content.try_size(digest));
  CHECK_FALSE(f.content.has(digest));
  CHECK_THAT(message_of([&] { (void)f.content.open(digest); }), Catch::Contains(digest.str()));
  CHECK_THROWS_AS(f.content.read(digest), base::Error);
}

TEST_CASE("content_store: an ingest is invisible until it is committed", "[layers]") {
  Fixture f;
  const auto ingest = f.content.begin_ingest();
  ingest->write(base::as_bytes("he"));
  ingest->write(base::as_bytes("llo"));
  CHECK(ingest->size_bytes() == 5);
  CHECK_FALSE(f.content.has(base::sha256_of("hello")));
  CHECK(ingest->commit(base::sha256_of("hello")) == base::sha256_of("hello"));
  CHECK(f.content.read(base::sha256_of("hello")) == "hello");
  CHECK(f.leftovers() == 0);
}

TEST_CASE("content_store: an ingest that is dropped leaves nothing", "[layers]") {
  Fixture f;
  f.content.begin_ingest()->write(base::as_bytes("hello"));
  CHECK(f.leftovers() == 0);
  CHECK(base::list_dir(f.root, RelPath::exact("blobs/sha256")).empty());
}

TEST_CASE("content_store: an ingest with another digest than promised is refused", "[layers]") {
  Fixture f;
  {
    const auto ingest = f.content.begin_ingest();
    ingest->write(base::as_bytes("hellO"));
    CHECK_THROWS_AS(ingest->commit(base::sha256_of("hello")), base::ContentError);
  }
  CHECK_FALSE(f.content.has(base::sha256_of("hellO")));
  CHECK(f.leftovers() == 0);
}

TEST_CASE("content_store: an ingest tells its digest before it is committed, as its end",
          "[layers]") {
  Fixture f;
  const auto ingest = f.content.begin_ingest();
  ingest->write(base::as_bytes("hello"));
  CHECK(ingest->digest() == base::sha256_of("hello"));
  CHECK_THROWS_AS(ingest->write(base::as_bytes("!")), std::logic_error);
  CHECK_FALSE(f.content.has(base::sha256_of("hello")));
  CHECK(ingest->digest() == base::sha256_of("hello"));
  CHECK_THROWS_AS(ingest->commit(base::sha256_of("hello!")), base::ContentError);
  CHECK(ingest->commit(base::sha256_of("hello")) == base::sha256_of("hello"));
  CHECK(f.content.read(base::sha256_of("hello")) == "hello");
}

TEST_CASE("content_store: digests other than sha256 are never there and cannot be promised",
          "[layers]") {
  Fixture f;
  const auto digest = base::Digest::parse("sha512:" + std::string(128, 'a'));
  CHECK_FALSE(f.content.has(digest));
  CHECK_THROWS_AS(f.content.open(digest), base::Error);
  const auto ingest = f.content.begin_ingest();
  CHECK_THAT(message_of([&] { ingest->commit(digest); }), Catch::Contains("only sha256"));
}

TEST_CASE("content_store: a flipped bit is noticed and the file is named", "[layers]") {
  Fixture f;
  const auto digest = f.content.put("{\"schemaVersion\":2}");
  f.overwrite(digest, "{\"schemaVersion\":3}");
  const auto message = message_of([&] { (void)f.content.read(digest); });
  CHECK_THAT(message,
             Catch::Contains(f.root.show(f.path_of(digest))) && Catch::Contains("damaged"));
  // It is gone, so that it is made again.
  CHECK_FALSE(f.content.has(digest));
  CHECK(f.content.put("{\"schemaVersion\":2}") == digest);
  CHECK(f.content.read(digest) == "{\"schemaVersion\":2}");
}

TEST_CASE("content_store: a blob that is looked at stays when it is whole, and goes when it is not",
          "[layers]") {
  Fixture f;
  const auto digest = f.content.put("hello");
  CHECK_NOTHROW(f.content.check_whole(digest));
  CHECK(f.content.has(digest));
  f.overwrite(digest, "hallo");
  CHECK_THROWS_AS(f.content.check_whole(digest), DamagedBlob);
  CHECK_FALSE(f.content.has(digest));
  CHECK_NOTHROW(f.content.check_whole(digest));
}

TEST_CASE("content_store: a blob cut short counts as missing and is replaced", "[layers]") {
  Fixture f;
  const auto digest = f.content.put("hello");
  f.overwrite(digest, "hel");
  CHECK_FALSE(f.content.has_exact(digest, 5));
  CHECK(f.content.put("hello") == digest);
  CHECK(f.content.read(digest) == "hello");
}

TEST_CASE("content_store: a blob that stands is not written again", "[layers]") {
  Fixture f;
  const auto digest = f.content.put("hello");
  const auto before = base::lstat_at(f.root, f.path_of(digest)).st_ino;
  f.content.put("hello");
  const auto ingest = f.content.begin_ingest();
  ingest->write(base::as_bytes("hello"));
  ingest->commit();
  CHECK(base::lstat_at(f.root, f.path_of(digest)).st_ino == before);
  CHECK(f.leftovers() == 0);
}

TEST_CASE("content_store: a small blob above the cap is refused", "[layers]") {
  Fixture f;
  const auto digest = f.content.put(std::string(1000, 'x'));
  CHECK(f.content.read(digest, 1000).size() == 1000);
  CHECK_THROWS_AS(f.content.read(digest, 999), base::ContentError);
}

TEST_CASE("content_store: a link in place of a blob is not followed", "[layers]") {
  Fixture f;
  const auto digest = base::sha256_of("root:x:0:0");
  REQUIRE(::symlinkat("/etc/passwd", f.root.get(), f.path_of(digest).str().c_str()) == 0);
  CHECK_FALSE(f.content.has(digest));
  CHECK_THROWS_AS(f.content.open(digest), base::Error);
  f.content.put("root:x:0:0");
  CHECK(f.content.read(digest) == "root:x:0:0");
}

TEST_CASE("content_store: a finished file is taken over by its digest", "[layers]") {
  Fixture f;
  const auto digest = base::sha256_of("hello");
  base::write_file_atomically(f.temp, RelPath::exact("file"), "hello");
  f.content.adopt(f.temp, "file", digest, 5);
  CHECK(f.content.read(digest) == "hello");
  CHECK(f.leftovers() == 0);
  CHECK_NOTHROW(f.content.adopt(f.temp, "gone", digest, 5));
  CHECK_THROWS_AS(f.content.adopt(f.temp, "gone", base::sha256_of("other"), 5), base::SystemError);
}

TEST_CASE("content_store: a removed blob is gone, and removing nothing is no error", "[layers]") {
  Fixture f;
  const auto digest = f.content.put("hello");
  f.content.remove(digest);
  CHECK_FALSE(f.content.has(digest));
  CHECK_NOTHROW(f.content.remove(digest));
}

TEST_CASE("content_store: a file that cannot grow gives a system error and no blob", "[layers]") {
  Fixture f;
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const base::ScopeExit restore([&] {
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, old_handler);
  });
  const struct rlimit small { 1000, before.rlim_max };
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  CHECK_THROWS_AS(f.content.put(std::string(2000, 'x')), base::SystemError);
  CHECK(f.leftovers() == 0);
  CHECK(base::list_dir(f.root, RelPath::exact("blobs/sha256")).empty());
}

TEST_CASE("content_store: a full disk is said with a hint", "[layers]") {
  const base::UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  REQUIRE(full.valid());
  Fixture f;
  TempFile file(f.temp);
  REQUIRE(::dup3(full.get(), file.fd(), O_CLOEXEC) == file.fd());
  try {
    file.write(base::as_bytes("x"));
    FAIL("the write to a full disk succeeded");
  } catch (const base::SystemError& error) {
    CHECK(error.error_number() == ENOSPC);
    CHECK_THAT(error.hint(), Catch::Contains("--root"));
  }
}

TEST_CASE("content_store: many threads may store the same blobs at once", "[layers]") {
  Fixture f;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&f] {
      for (int i = 0; i < 50; ++i) f.content.put("blob " + std::to_string(i));
    });
  }
  threads.clear();
  CHECK(base::list_dir(f.root, RelPath::exact("blobs/sha256")).size() == 50);
  for (int i = 0; i < 50; ++i) {
    const std::string text = "blob " + std::to_string(i);
    CHECK(f.content.read(base::sha256_of(text)) == text);
  }
  CHECK(f.leftovers() == 0);
}

}  // namespace ibuild::layers
