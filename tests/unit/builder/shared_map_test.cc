#include "builder/plan/shared_map.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <vector>

using ibuild::builder::SharedMap;

namespace {

using Map = SharedMap<int>;
using Plain = std::map<std::string, int>;

Plain plain(const Map& map) {
  Plain items;
  map.for_each([&](const std::string& name, int value) { items.emplace(name, value); });
  return items;
}

Plain changes(const Map& map, const Map& before) {
  Plain items;
  map.for_each_since(before,
                     [&](const std::string& name, int value) { items.emplace(name, value); });
  return items;
}

}  // namespace

TEST_CASE("shared_map: what is set is found, the last value of a name counts", "[builder]") {
  Map map;
  CHECK(map.find("a") == nullptr);
  map.set("b", 1);
  map.set("a", 2);
  map.set("b", 3);
  CHECK(map.size() == 2);
  REQUIRE(map.find("b") != nullptr);
  CHECK(*map.find("b") == 3);
  CHECK(plain(map) == Plain{{"a", 2}, {"b", 3}});
}

TEST_CASE("shared_map: a copy keeps what it has, whatever happens to the other", "[builder]") {
  Map map;
  map.set("a", 1);
  const Map copy = map;
  CHECK(map.is_same(copy));
  map.set("a", 2);
  map.set("b", 3);
  CHECK_FALSE(map.is_same(copy));
  CHECK(plain(copy) == Plain{{"a", 1}});
  CHECK(plain(map) == Plain{{"a", 2}, {"b", 3}});
}

TEST_CASE("shared_map: as a plain map, in any order of names, with copies kept", "[builder]") {
  std::mt19937 random(7);
  for (const int order : {0, 1, 2}) {
    Map map;
    Plain expected;
    std::vector<std::pair<Map, Plain>> copies;
    for (int i = 0; i < 600; ++i) {
      const int key = order == 0 ? i : order == 1 ? 600 - i : static_cast<int>(random() % 200);
      const std::string name = "k" + std::to_string(1000 + key);
      map.set(name, i);
      expected[name] = i;
      if (i % 50 == 0) copies.emplace_back(map, expected);
    }
    CHECK(plain(map) == expected);
    CHECK(map.size() == expected.size());
    for (const auto& [copy, items] : copies) CHECK(plain(copy) == items);
    // What a copy lacks, or has with an older value, has been set since.
    for (const auto& [copy, items] : copies) {
      Plain since;
      for (const auto& [name, value] : expected) {
        const auto old = items.find(name);
        if (old == items.end() || old->second != value) since.emplace(name, value);
      }
      CHECK(changes(map, copy) == since);
    }
    CHECK(changes(map, Map()) == expected);
    CHECK(changes(map, map).empty());
  }
}
