#include "builder/gc/gc_policy.h"

#include <catch2/catch.hpp>

using namespace ibuild;
using builder::CacheItem;
using builder::DiskState;
using builder::GcPolicy;
using std::chrono::hours;

namespace {

const base::TimePoint kNow{std::chrono::hours(1'000'000)};
constexpr DiskState kRoomy{.total_bytes = 1000, .free_bytes = 1000};

CacheItem item(std::string id, std::uint64_t size_bytes, hours age) {
  CacheItem item;
  item.id = std::move(id);
  item.size_bytes = size_bytes;
  item.last_used = kNow - age;
  return item;
}

std::string ids(const std::vector<CacheItem>& items) {
  std::string text;
  for (const auto& item : items) text += item.id;
  return text;
}

std::string removed(const GcPolicy& policy, std::vector<CacheItem> items,
                    const DiskState& disk = kRoomy) {
  return ids(builder::take_garbage(items, policy, disk, kNow));
}

}  // namespace

TEST_CASE("gc_policy: one without limits removes all, but what an image needs", "[builder]") {
  auto needed = item("n", 10, hours(9));
  needed.in_image = true;
  std::vector<CacheItem> items = {item("b", 10, hours(1)), needed, item("a", 0, hours(2))};
  CHECK(ids(builder::take_garbage(items, {}, kRoomy, kNow)) == "ab");
  CHECK(ids(items) == "n");
}

TEST_CASE("gc_policy: the least recently used goes, until the rest fits", "[builder]") {
  const std::vector<CacheItem> items = {item("c", 10, hours(1)), item("a", 10, hours(3)),
                                        item("b", 10, hours(2))};
  CHECK(removed({.max_used_bytes = 30}, items).empty());
  CHECK(removed({.max_used_bytes = 29}, items) == "a");
  CHECK(removed({.max_used_bytes = 10}, items) == "ab");
  CHECK(removed({.max_used_bytes = 0}, items) == "abc");
  // What is reserved stays, whatever the limit.
  CHECK(removed({.reserved_bytes = 20, .max_used_bytes = 0}, items) == "a");
  CHECK(removed({.reserved_bytes = 20}, items) == "a");
  CHECK(removed({.reserved_bytes = 30}, items).empty());
}

TEST_CASE("gc_policy: a full disk asks for what is lacking", "[builder]") {
  const std::vector<CacheItem> items = {item("a", 10, hours(3)), item("b", 10, hours(2)),
                                        item("c", 10, hours(1))};
  const GcPolicy policy{.min_free_bytes = 100};
  CHECK(removed(policy, items, {.total_bytes = 1000, .free_bytes = 100}).empty());
  CHECK(removed(policy, items, {.total_bytes = 1000, .free_bytes = 85}) == "ab");
  CHECK(removed(policy, items, {.total_bytes = 1000, .free_bytes = 0}) == "abc");
}

TEST_CASE("gc_policy: what was used lately stays", "[builder]") {
  const std::vector<CacheItem> items = {item("a", 10, hours(49)), item("b", 10, hours(47))};
  CHECK(removed({.keep_duration = hours(48)}, items) == "a");
  CHECK(removed({.keep_duration = hours(48), .max_used_bytes = 0}, items) == "a");
}

TEST_CASE("gc_policy: one of some kinds neither removes nor counts others", "[builder]") {
  auto mount = item("m", 10, hours(1));
  mount.kind = CacheItem::Kind::mount;
  const GcPolicy policy{.kinds = {CacheItem::Kind::mount}, .max_used_bytes = 10};
  CHECK(removed(policy, {mount, item("a", 100, hours(9))}).empty());
  CHECK(removed(policy, {mount, mount, item("a", 100, hours(9))}) == "m");
}

TEST_CASE("gc_policy: the limits are those of BuildKit", "[builder]") {
  constexpr std::uint64_t kGiga = 1'000'000'000;
  const auto small = builder::default_limits({.total_bytes = 50 * kGiga, .free_bytes = 0});
  CHECK(small.reserved_bytes == 5 * kGiga);
  CHECK(small.max_used_bytes == 40 * kGiga);
  CHECK(small.min_free_bytes == 10 * kGiga);
  const auto large = builder::default_limits({.total_bytes = 2000 * kGiga, .free_bytes = 0});
  CHECK(large.reserved_bytes == 10 * kGiga);
  CHECK(large.max_used_bytes == 100 * kGiga);
  CHECK(large.min_free_bytes == 400 * kGiga);
}

TEST_CASE("gc_policy: the default ladder takes mounts first, then what is old, then anything",
          "[builder]") {
  const auto policies = builder::default_policies(
      {.reserved_bytes = 100, .max_used_bytes = 1'000'000'000, .min_free_bytes = 0});
  REQUIRE(policies.size() == 3);
  auto mount = item("m", 600'000'000, hours(50));
  mount.kind = CacheItem::Kind::mount;
  std::vector<CacheItem> items = {mount, item("a", 900'000'000, hours(24 * 61)),
                                  item("b", 900'000'000, hours(1)),
                                  item("c", 900'000'000, hours(2))};
  CHECK(ids(builder::take_garbage(items, policies[0], kRoomy, kNow)) == "m");
  CHECK(ids(builder::take_garbage(items, policies[1], kRoomy, kNow)) == "a");
  CHECK(ids(builder::take_garbage(items, policies[2], kRoomy, kNow)) == "c");
}
