#include "builder/cache/local_cache.h"

#include <catch2/catch.hpp>

#include "base/files.h"
#include "builder/cache/step_journal.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using builder::LocalCache;
using builder::StepJournal;
using builder::StepRecord;

namespace {

const base::Digest kKey = base::sha256_of("key");
const StepRecord kRecord{base::sha256_of("layer"),
                         base::TimePoint(std::chrono::nanoseconds(1'700'000'000'123'456'789))};

base::RelPath record_path() {
  const std::string hex(kKey.hex());
  return base::RelPath::exact(hex.substr(0, 2) + "/" + hex.substr(2));
}

}  // namespace

TEST_CASE("local_cache: a record is found as it was put, by another object too", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  LocalCache(scratch.dir().dup()).put(kKey, kRecord);
  std::string damaged;
  LocalCache cache(scratch.dir().dup());
  CHECK(cache.find(kKey, damaged) == kRecord);
  CHECK_FALSE(cache.find(base::sha256_of("other"), damaged));
  CHECK(damaged.empty());
  cache.put(kKey, {std::nullopt, kRecord.created});
  CHECK_FALSE(cache.find(kKey, damaged)->layer);
}

TEST_CASE("local_cache: a damaged record is not there, and said to be damaged", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  LocalCache cache(scratch.dir().dup());
  const auto good = builder::serialize(kRecord);
  for (std::size_t i = 0; i < good.size(); i += 7) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x15);
    base::make_dirs(scratch.dir(), record_path().parent());
    base::write_file_atomically(scratch.dir(), record_path(), bad);
    std::string damaged;
    CHECK_FALSE(cache.find(kKey, damaged));
    CHECK_FALSE(damaged.empty());
  }
}

TEST_CASE("local_cache: a record cut short anywhere is damaged", "[builder]") {
  const auto good = builder::serialize(kRecord);
  CHECK(builder::parse_step_record(good) == kRecord);
  for (std::size_t length = 0; length < good.size(); ++length) {
    CHECK_FALSE(builder::parse_step_record(good.substr(0, length)));
  }
}

TEST_CASE("local_cache: ingredients keep every byte of a file's name", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  LocalCache cache(scratch.dir().dup());
  builder::StepKey key;
  key.add("op", "COPY \"a\\b\"\n\t");
  std::string name = "file ";
  for (int c = 1; c < 256; ++c) name += static_cast<char>(c);
  key.add_detail(name, "1");
  cache.put_ingredients(kKey, key);
  const auto found = cache.find_ingredients(kKey);
  REQUIRE(found);
  CHECK(found->ingredients() == key.ingredients());
  CHECK(found->details() == key.details());
}

TEST_CASE("local_cache: damaged ingredients are not there", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  LocalCache cache(scratch.dir().dup());
  base::make_dirs(scratch.dir(), record_path().parent());
  const auto path = base::RelPath::exact(record_path().str() + ".why");
  for (const std::string text : {"", "{", "[]", R"({"ingredients":[["a"]],"details":[]})",
                                 R"({"ingredients":[[1,2]],"details":[]})"}) {
    base::write_file_atomically(scratch.dir(), path, text);
    CHECK_FALSE(cache.find_ingredients(kKey));
  }
}

TEST_CASE("step_journal: the next build knows the keys of the last one, builds apart",
          "[builder]") {
  const auto scratch = test::make_scratch_dir();
  {
    StepJournal journal(scratch.dir().dup(), "one");
    journal.note("build/1", kKey);
    journal.save();
  }
  StepJournal again(scratch.dir().dup(), "one");
  CHECK(again.last_key("build/1") == kKey);
  CHECK_FALSE(again.last_key("build/2"));
  CHECK_FALSE(StepJournal(scratch.dir().dup(), "two").last_key("build/1"));
  again.note("build/2", kKey);
  CHECK_FALSE(again.last_key("build/2"));  // that of the last build, not of this one
  again.save();
  StepJournal third(scratch.dir().dup(), "one");
  CHECK(third.last_key("build/1") == kKey);
  CHECK(third.last_key("build/2") == kKey);
}
