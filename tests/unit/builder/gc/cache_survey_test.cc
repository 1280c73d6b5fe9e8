#include "builder/gc/cache_survey.h"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "builder/gc/collect_garbage.h"
#include "builder/gc/step_descriptions.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using builder::CacheItem;
using ibuild::test::BuildFixture;

namespace {

struct GcFixture : BuildFixture {
  GcFixture() {
    images.add("base", {{"bin/sh", "sh"}});
    sandbox.leave_traces();
  }
  std::vector<CacheItem> items(CacheItem::Kind kind) {
    auto found = builder::survey_cache(*store).items;
    std::erase_if(found, [&](const auto& item) { return item.kind != kind; });
    return found;
  }
  void remove_all() {
    const auto survey = builder::survey_cache(*store);
    const auto alone = store->try_lock_for_gc();
    REQUIRE(alone);
    builder::remove_items(*store, *alone, survey.needs, survey.items);
  }
  void set_old(const std::string& path) {
    const timespec times[2] = {{1000, 0}, {1000, 0}};
    REQUIRE(::utimensat(store->root().get(), path.c_str(), times, 0) == 0);
  }
  std::optional<builder::Collected> collect(base::TimePoint now,
                                            builder::GcSettings settings = {}) {
    return builder::collect_garbage_if_due(*store, settings, now);
  }
};

const base::TimePoint kNow = base::Clock().now();
constexpr std::chrono::hours kDay(24);

}  // namespace

TEST_CASE("cache_survey: a step is its layer and records, a mount its directories", "[builder]") {
  GcFixture f;
  f.build("FROM base\nRUN --mount=type=cache,id=pip,target=/x one\n");
  const auto mounts = f.items(CacheItem::Kind::mount);
  REQUIRE(mounts.size() == 1);
  CHECK(mounts[0].description == "cache mount pip");
  CHECK_FALSE(mounts[0].in_image);
  const auto steps = f.items(CacheItem::Kind::step);
  const auto with_records = std::count_if(steps.begin(), steps.end(),
                                          [](const auto& item) { return !item.files.empty(); });
  CHECK(with_records == 1);
  CHECK(std::all_of(steps.begin(), steps.end(), [](const auto& item) {
    return item.diff_ids.size() == 1 && item.size_bytes > 0 && item.in_image;
  }));
}

TEST_CASE("cache_survey: layers are known by the instructions that made them", "[builder]") {
  GcFixture f;
  f.write("a", "a");
  f.build("FROM base\nRUN one\nCOPY a /x\n");
  auto items = f.items(CacheItem::Kind::step);
  builder::describe_steps(*f.store, items);
  std::vector<std::string> found;
  for (const auto& item : items) found.push_back(item.description);
  std::sort(found.begin(), found.end());
  CHECK(found == std::vector<std::string>{"COPY a /x", "RUN one", "layer"});
}

TEST_CASE("cache_survey: removal leaves what an image needs, and the rest becomes a miss",
          "[builder]") {
  GcFixture f;
  f.request.tags = {image::with_default_tag(image::parse_reference("kept:1"))};
  const auto kept = f.build("FROM base\nRUN kept\n");
  f.request.tags.clear();
  const auto other = f.build("FROM base\nRUN --mount=type=cache,target=/x other\n");
  REQUIRE(f.sandbox.commands().size() == 2);
  for (const auto& image : f.store->images().list())
    if (image.descriptor.digest == other.image.digest) f.store->images().remove(other.image.digest);
  f.remove_all();
  CHECK(f.items(CacheItem::Kind::mount).empty());
  // Its bytes are there, and only what ran needs to run again.
  CHECK(f.content(*f.tree(kept), "bin/sh") == "sh");
  const auto again = f.build("FROM base\nRUN --mount=type=cache,target=/x other\n");
  CHECK(f.sandbox.commands().size() == 3);
  CHECK(again.image.digest == other.image.digest);
}

TEST_CASE("cache_survey: sizes that are remembered are right after a change", "[builder]") {
  GcFixture f;
  f.write("a", std::string(100'000, 'a'));
  f.build("FROM base\nCOPY a /\n");
  const auto first = builder::survey_cache(*f.store).total_bytes();
  CHECK(builder::survey_cache(*f.store).total_bytes() == first);
  f.write("a", std::string(200'000, 'b'));
  f.build("FROM base\nCOPY a /\n");
  const auto second = builder::survey_cache(*f.store).total_bytes();
  CHECK(second > first);
  // A memory that is damaged is none.
  const auto gc = f.store->cache_dir("gc");
  base::write_file_atomically(gc, base::RelPath::exact("sizes"), "x 1\n\xff 2 3\n a b c\n");
  CHECK(builder::survey_cache(*f.store).total_bytes() == second);
}

TEST_CASE("collect_garbage: a new store only notes the time; then once a day", "[builder]") {
  GcFixture f;
  f.build("FROM base\nRUN --mount=type=cache,target=/x one\n");
  CHECK_FALSE(f.collect(kNow));
  CHECK_FALSE(f.collect(kNow + kDay / 2));
  const auto collected = f.collect(kNow + kDay);
  REQUIRE(collected);
  CHECK(collected->items == 0);
  CHECK_FALSE(f.collect(kNow + kDay + std::chrono::hours(1)));
  // A clock that was set back does not stop it for ever.
  CHECK(f.collect(kNow));
  CHECK_FALSE(f.collect(kNow + 9 * kDay, {.enabled = false}));
}

TEST_CASE("collect_garbage: above its limit it looks more often, and removes what no image needs",
          "[builder]") {
  GcFixture f;
  f.build("FROM base\nRUN --mount=type=cache,target=/x one\n");
  for (const auto& image : f.store->images().list())
    f.store->images().remove(image.descriptor.digest);
  const builder::GcSettings tight{.reserved_bytes = 0, .max_used_bytes = 1, .min_free_bytes = 0};
  CHECK_FALSE(f.collect(kNow, tight));
  REQUIRE(f.collect(kNow + kDay));  // learns how much there is
  CHECK_FALSE(f.collect(kNow + kDay + std::chrono::minutes(9), tight));
  const auto collected = f.collect(kNow + kDay + std::chrono::minutes(10), tight);
  REQUIRE(collected);
  CHECK(collected->items > 0);
  CHECK(builder::survey_cache(*f.store).items.empty());
}

TEST_CASE("collect_garbage: images without a name stay for two days, in need for ten minutes",
          "[builder]") {
  GcFixture f;
  const auto count = [&] { return f.store->images().list().size(); };
  const builder::GcSettings roomy{
      .reserved_bytes = 0, .max_used_bytes = 1ULL << 40, .min_free_bytes = 0};
  const builder::GcSettings tight{.reserved_bytes = 0, .max_used_bytes = 1, .min_free_bytes = 0};
  f.build("FROM base\nRUN one\n");  // its name moves on
  f.build("FROM base\nRUN two\n");
  f.collect(kNow - 3 * kDay, roomy);
  REQUIRE(f.collect(kNow + std::chrono::hours(1), roomy));
  CHECK(count() == 2);
  REQUIRE(f.collect(kNow + std::chrono::hours(2), tight));
  CHECK(count() == 1);
  for (const auto& item : f.items(CacheItem::Kind::step)) CHECK(item.in_image);

  f.build("FROM base\nRUN three\n");
  CHECK(count() == 2);
  REQUIRE(f.collect(kNow + 3 * kDay, roomy));
  CHECK(count() == 1);
}

TEST_CASE("collect_garbage: an image without a name that is built again is new", "[builder]") {
  GcFixture f;
  f.request.tags.clear();
  f.build("FROM base\nRUN one\n");
  f.collect(kNow - 3 * kDay);
  for (const auto& image : f.store->images().list())
    f.set_old("blobs/sha256/" + std::string(image.descriptor.digest.hex()));
  f.build("FROM base\nRUN one\n");
  REQUIRE(f.collect(kNow + kDay));
  CHECK(f.store->images().list().size() == 1);
}

TEST_CASE("collect_garbage: nothing goes while somebody uses the store", "[builder]") {
  GcFixture f;
  f.build("FROM base\nRUN one\n");
  const builder::GcSettings tight{.reserved_bytes = 0, .max_used_bytes = 0, .min_free_bytes = 0};
  f.collect(kNow, tight);
  const auto before = builder::survey_cache(*f.store).items.size();
  {
    const auto hold = f.store->hold_against_gc();
    CHECK_FALSE(f.collect(kNow + kDay, tight));
  }
  CHECK(builder::survey_cache(*f.store).items.size() == before);
}

TEST_CASE(
    "collect_garbage: a hit is a use of the step and of its base, so that they outlast others",
    "[builder]") {
  GcFixture f;
  f.build("FROM base\nRUN one\n");
  for (const auto& item : f.items(CacheItem::Kind::step)) {
    for (const auto& file : item.files) f.set_old("cache/" + file.str());
    for (const auto& diff_id : item.diff_ids) {
      f.set_old("layers/" + std::string(diff_id.hex()) + "/index");
      f.set_old("layers/" + std::string(diff_id.hex()));
    }
  }
  const auto used_since = [&] {
    const auto steps = f.items(CacheItem::Kind::step);
    return std::count_if(steps.begin(), steps.end(),
                         [](const auto& item) { return kNow - item.last_used < kDay; });
  };
  CHECK(used_since() == 0);
  f.build("FROM base\nRUN one\n");
  CHECK(used_since() == 2);  // that of the base as well
}
