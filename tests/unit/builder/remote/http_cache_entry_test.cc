#include "builder/remote/http_cache_entry.h"

#include <catch2/catch.hpp>

#include "base/text.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using remote::HttpCacheEntry;
using remote::HttpCacheRecord;

namespace {

HttpCacheRecord record_of(const std::string& content) {
  return {.digest = base::sha256_of(content),
          .size_bytes = content.size(),
          .etag = "W/\"a b\"",
          .last_modified = base::parse_rfc3339("2015-10-21T07:28:00Z")};
}

struct EntryFixture {
  base::TempDir scratch = test::make_scratch_dir();
  HttpCacheEntry entry{scratch.dir(), "http://host/x"};
  std::string damaged;

  void put(const std::string& content) {
    layers::TempFile body(scratch.dir());
    body.write(base::as_bytes(content));
    entry.put(record_of(content), body);
  }
  base::DirFd folder() const {
    return base::open_dir_at(
        scratch.dir(), base::RelPath::exact(std::string(base::sha256_of("http://host/x").hex())));
  }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& file : base::list_dir(folder())) result.push_back(file.name);
    return result;
  }
};

}  // namespace

TEST_CASE("http_cache_entry: a record reads back as it was written", "[remote]") {
  const auto record = record_of("x");
  CHECK(remote::parse_http_cache_record(serialize(record)) == record);
  const HttpCacheRecord bare{
      .digest = base::sha256_of(""), .size_bytes = 0, .etag = "", .last_modified = {}};
  CHECK(remote::parse_http_cache_record(serialize(bare)) == bare);
}

TEST_CASE("http_cache_entry: every cut and every changed byte of a record is seen", "[remote]") {
  const std::string text = serialize(record_of("x"));
  for (std::size_t i = 0; i < text.size(); ++i) {
    CHECK_FALSE(remote::parse_http_cache_record(text.substr(0, i)));
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(remote::parse_http_cache_record(changed));
  }
}

TEST_CASE("http_cache_entry: nothing is found in a new entry", "[remote]") {
  EntryFixture fixture;
  CHECK_FALSE(fixture.entry.find(fixture.damaged));
  CHECK(fixture.damaged.empty());
}

TEST_CASE("http_cache_entry: what was put is found, and takes the place of what was there",
          "[remote]") {
  EntryFixture fixture;
  fixture.put("old");
  fixture.put("new one");
  const auto found = fixture.entry.find(fixture.damaged);
  REQUIRE(found == record_of("new one"));
  const auto body = fixture.entry.open_body(*found);
  REQUIRE(body);
  base::FdSource source(body.get());
  CHECK(base::read_all(source, 100, "body") == "new one");
  CHECK(fixture.names() ==
        std::vector<std::string>{std::string(base::sha256_of("new one").hex()), "record"});
}

TEST_CASE("http_cache_entry: putting leaves the lock alone", "[remote]") {
  EntryFixture fixture;
  const auto lock = fixture.entry.lock({});
  fixture.put("x");
  CHECK(fixture.names() ==
        std::vector<std::string>{std::string(base::sha256_of("x").hex()), "lock", "record"});
}

TEST_CASE("http_cache_entry: a body of another size is none", "[remote]") {
  EntryFixture fixture;
  fixture.put("x");
  auto record = record_of("x");
  record.size_bytes = 2;
  CHECK_FALSE(fixture.entry.open_body(record));
  base::remove_tree(fixture.folder(), base::RelPath::exact(std::string(record.digest.hex())));
  CHECK_FALSE(fixture.entry.open_body(record_of("x")));
}

TEST_CASE("http_cache_entry: a damaged record is none, and named", "[remote]") {
  EntryFixture fixture;
  fixture.put("x");
  base::write_file_atomically(fixture.folder(), base::RelPath::exact("record"), "nonsense");
  CHECK_FALSE(fixture.entry.find(fixture.damaged));
  CHECK_THAT(fixture.damaged, Catch::Matchers::EndsWith("/record is damaged"));
}

TEST_CASE("http_cache_entry: the URL is not written down", "[remote]") {
  EntryFixture fixture;
  fixture.put("x");
  CHECK(base::read_file_at(fixture.folder(), base::RelPath::exact("record"), 10000).find("host") ==
        std::string::npos);
}
