#include "builder/cache/local_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/files.h"
#include "builder/cache/build_reports.h"
#include "builder/cache/step_journal.h"
#include "layers/checksum64.h"
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
  const auto good = builder::serialize(kKey, kRecord);
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
  const auto good = builder::serialize(kKey, kRecord);
  CHECK(builder::parse_step_record(kKey, good) == kRecord);
  for (std::size_t length = 0; length < good.size(); ++length) {
    CHECK_FALSE(builder::parse_step_record(kKey, good.substr(0, length)));
  }
}

TEST_CASE("local_cache: ingredients are found as they were put, few files and very many",
          "[builder]") {
  const auto scratch = test::make_scratch_dir();
  LocalCache cache(scratch.dir().dup());
  const int count = GENERATE(0, 3, 20'000);
  builder::StepKey key;
  key.add("op", "COPY . /");
  key.add_detail("step", "COPY . /");
  key.set_files([&](const builder::TakeFile& take) {
    for (int i = 0; i < count; ++i) take(fmt::format("dir/{:06}", i), "file 0644 0:0");
  });
  cache.put_ingredients(kKey, key);
  auto found = cache.open_ingredients(kKey);
  REQUIRE(found);
  CHECK(found->ingredients() == key.ingredients());
  CHECK(found->details() == key.details());
  int seen = 0;
  while (const auto file = found->next_file()) {
    if (file->path != fmt::format("dir/{:06}", seen)) break;
    ++seen;
  }
  CHECK(seen == count);
  CHECK_FALSE(found->is_damaged());
  CHECK_FALSE(cache.open_ingredients(base::sha256_of("other")));
}

TEST_CASE("local_cache: damaged ingredients are not there", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  LocalCache cache(scratch.dir().dup());
  base::make_dirs(scratch.dir(), record_path().parent());
  const auto path = base::RelPath::exact(record_path().str() + ".why");
  for (const std::string text : {"", "{", "[]", R"({"ingredients":[["a"]],"details":[]})",
                                 R"({"ingredients":[[1,2]],"details":[]})"}) {
    base::write_file_atomically(scratch.dir(), path, text);
    CHECK_FALSE(cache.open_ingredients(kKey));
  }
}

TEST_CASE("local_cache: what is no file is not waited for", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  LocalCache cache(scratch.dir().dup());
  base::make_dirs(scratch.dir(), record_path().parent());
  for (const char* suffix : {"", ".why"})
    REQUIRE(::mkfifoat(scratch.dir().get(), (record_path().str() + suffix).c_str(), 0600) == 0);
  std::string damaged;
  CHECK_FALSE(cache.find(kKey, damaged));
  CHECK_FALSE(damaged.empty());
  CHECK_FALSE(cache.open_ingredients(kKey));
}

TEST_CASE("local_cache: ingredients that become shorter while they are read are damaged",
          "[builder]") {
  const auto scratch = test::make_scratch_dir();
  LocalCache cache(scratch.dir().dup());
  builder::StepKey key;
  key.set_files([&](const builder::TakeFile& take) {
    for (int i = 0; i < 20'000; ++i) take(fmt::format("{:06}", i), "file 0644 0:0");
  });
  cache.put_ingredients(kKey, key);
  auto found = cache.open_ingredients(kKey);
  REQUIRE(found);
  const auto path = record_path().str() + ".why";
  const base::UniqueFd fd(::openat(scratch.dir().get(), path.c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(::ftruncate(fd.get(), 100'000) == 0);
  while (found->next_file()) continue;
  CHECK(found->is_damaged());
}

TEST_CASE("local_cache: a record of the first form is read as well", "[builder]") {
  std::string text = "ibuild step record 1\nlayer none\ncreated 2026-01-02T03:04:05Z\n";
  text += fmt::format("sum {:016x}\n", layers::checksum64(text));
  const auto record = builder::parse_step_record(kKey, text);
  REQUIRE(record);
  CHECK_FALSE(record->layer);
  CHECK(record->stored == record->created);
}

TEST_CASE("local_cache: a record without its key, of the second form, is read as well",
          "[builder]") {
  auto text = builder::serialize(kKey, kRecord);
  text.erase(text.find("key "), ("key " + kKey.str() + "\n").size());
  text.replace(0, text.find('\n'), "ibuild step record 2");
  text.erase(text.rfind("sum "));
  text += fmt::format("sum {:016x}\n", layers::checksum64(text));
  CHECK(builder::parse_step_record(kKey, text) == kRecord);
}

TEST_CASE("local_cache: the record of another step is damaged", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  LocalCache cache(scratch.dir().dup());
  base::make_dirs(scratch.dir(), record_path().parent());
  base::write_file_atomically(scratch.dir(), record_path(),
                              builder::serialize(base::sha256_of("other"), kRecord));
  std::string damaged;
  CHECK_FALSE(cache.find(kKey, damaged));
  CHECK_FALSE(damaged.empty());
}

TEST_CASE("local_cache: a record keeps the layer's compressed form and its other keys",
          "[builder]") {
  StepRecord record = kRecord;
  record.also = {base::sha256_of("content"), base::sha256_of("inputs")};
  record.blob = image::Descriptor{.media_type = "application/vnd.oci.image.layer.v1.tar+gzip",
                                  .digest = base::sha256_of("blob"),
                                  .size_bytes = 7,
                                  .urls = {},
                                  .annotations = {},
                                  .platform = {},
                                  .artifact_type = {}};
  CHECK(builder::parse_step_record(kKey, builder::serialize(kKey, record)) == record);
}

TEST_CASE("step_journal: the next build knows the keys of the last one, builds apart",
          "[builder]") {
  const auto scratch = test::make_scratch_dir();
  {
    StepJournal journal(scratch.dir().dup(), "one");
    CHECK_FALSE(journal.has_former());
    journal.note({"build/1", "RUN a"}, kKey);
    journal.save();
  }
  StepJournal again(scratch.dir().dup(), "one");
  CHECK(again.has_former());
  CHECK(again.former_key({"build/1", "RUN a"}) == kKey);
  CHECK_FALSE(again.former_key({"build/2", "RUN b"}));
  CHECK_FALSE(StepJournal(scratch.dir().dup(), "two").former_key({"build/1", "RUN a"}));
  again.note({"build/2", "RUN b"}, kKey);
  CHECK_FALSE(again.former_key({"build/2", "RUN b"}));  // that of the last build, not of this one
  again.save();
  StepJournal third(scratch.dir().dup(), "one");
  CHECK(third.former_key({"build/1", "RUN a"}) == kKey);
  CHECK(third.former_key({"build/2", "RUN b"}) == kKey);
}

TEST_CASE("step_journal: a step that moved is known by its operation, a changed one by its place",
          "[builder]") {
  const auto scratch = test::make_scratch_dir();
  const auto a = base::sha256_of("a");
  const auto b = base::sha256_of("b");
  const auto far = base::sha256_of("far");
  StepJournal journal(scratch.dir().dup(), "one");
  journal.note({"build/1", "RUN a"}, a);
  journal.note({"build/2", "RUN b"}, b);
  journal.note({"build/9", "RUN b"}, far);
  journal.save();
  StepJournal next(scratch.dir().dup(), "one");
  CHECK(next.former_key({"build/3", "RUN b"}) == b);    // one was put before it
  CHECK(next.former_key({"build/8", "RUN b"}) == far);  // the nearest of two
  CHECK(next.former_key({"build/1", "RUN c"}) == a);    // in the place of RUN a
  CHECK_FALSE(next.former_key({"test/3", "RUN b"}));    // another stage
  CHECK_FALSE(next.former_key({"build/3", "RUN c"}));   // new
}

TEST_CASE("step_journal: of a damaged journal what can be read counts", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  base::make_dirs(scratch.dir(), base::RelPath::exact("last"));
  const auto path = base::RelPath::exact("last/" + std::string(base::sha256_of("one").hex()));
  for (const std::string text : {"", "\n\n", "sha256:1 x y\n", "noise", "a b", " "}) {
    base::write_file_atomically(scratch.dir(), path, text);
    CHECK_FALSE(StepJournal(scratch.dir().dup(), "one").has_former());
  }
}

TEST_CASE("build_reports: the last builds are remembered, newest first, and not too many",
          "[builder]") {
  using builder::BuildReports;
  const auto scratch = test::make_scratch_dir();
  const auto report = [](const std::string& name) {
    return builder::BuildReport{kRecord.created,
                                {{name, builder::StepReport::Outcome::ran, "app.py changed"},
                                 {"[2/2] RUN \x1b[1m", builder::StepReport::Outcome::cached, ""}}};
  };
  CHECK(BuildReports(scratch.dir().dup(), "one").read().empty());
  for (int i = 0; i < 15; ++i)
    BuildReports(scratch.dir().dup(), "one").add(report(std::to_string(i)));
  const auto reports = BuildReports(scratch.dir().dup(), "one").read();
  REQUIRE(reports.size() == BuildReports::kKept);
  CHECK(reports.front().steps.front() == report("14").steps.front());
  CHECK(reports.front().steps.back().name == "[2/2] RUN \\x1b[1m");  // as people may see it
  CHECK(reports.back().steps.front().name == "5");
  CHECK(BuildReports(scratch.dir().dup(), "two").read().empty());
}

TEST_CASE("build_reports: damaged ones are not there", "[builder]") {
  using builder::BuildReports;
  const auto scratch = test::make_scratch_dir();
  const auto path = base::RelPath::exact(base::sha256_of("one").hex());
  for (const std::string text : {"", "{", "[]", "{}", R"({"at":"x","steps":[]})",
                                 R"({"at":"2026-01-02T03:04:05Z","steps":[["a","gone","b"]]})",
                                 R"({"at":"2026-01-02T03:04:05Z","steps":[["a","ran"]]})"}) {
    base::write_file_atomically(scratch.dir(), path, text + "\n");
    CHECK(BuildReports(scratch.dir().dup(), "one").read().empty());
  }
  BuildReports(scratch.dir().dup(), "one").add({kRecord.created, {}});
  CHECK(BuildReports(scratch.dir().dup(), "one").read().size() == 1);
}
