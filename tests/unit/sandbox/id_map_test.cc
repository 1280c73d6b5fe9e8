#include "sandbox/id_map.h"

#include <catch2/catch.hpp>

#include "base/error.h"

namespace ibuild::sandbox {
namespace {

TEST_CASE("id map: the kernel's form is read and written", "[sandbox]") {
  const IdMap map =
      parse_id_map("         0       1000          1\n         1     100000      65536\n");
  CHECK(map == IdMap{{0, 1000, 1}, {1, 100000, 65536}});
  CHECK(format_id_map(map) == "0 1000 1\n1 100000 65536\n");
  CHECK(parse_id_map("").empty());
}

TEST_CASE("id map: other text is refused", "[sandbox]") {
  CHECK_THROWS_AS(parse_id_map("0 1000"), base::ContentError);
  CHECK_THROWS_AS(parse_id_map("0 1000 x"), base::ContentError);
  CHECK_THROWS_AS(parse_id_map("0 4294967296 1"), base::ContentError);
  CHECK_THROWS_AS(parse_id_map("0 1 2 3"), base::ContentError);
}

TEST_CASE("id map: says which ids exist", "[sandbox]") {
  const IdMap map = {{0, 1000, 1}, {1, 100000, 10}};
  CHECK(maps_id(map, 0));
  CHECK(maps_id(map, 10));
  CHECK_FALSE(maps_id(map, 11));
  CHECK_FALSE(maps_id({}, 0));
}

TEST_CASE("id map: only the map of all ids to themselves is the initial one", "[sandbox]") {
  CHECK(is_identity(parse_id_map("         0          0 4294967295\n")));
  CHECK_FALSE(is_identity({{0, 0, 65536}}));
  CHECK_FALSE(is_identity({{0, 1000, 1}}));
}

TEST_CASE("subid: ranges of a user are found by name and by number", "[sandbox]") {
  const std::string text = "alice:100000:65536\nbob:200000:65536\n1000:300000:10\nalice:400000:5\n";
  CHECK(granted_ranges(text, "alice", 1000) ==
        std::vector<SubIdRange>{{100000, 65536}, {300000, 10}, {400000, 5}});
  CHECK(granted_ranges(text, "", 1000) == std::vector<SubIdRange>{{300000, 10}});
  CHECK(granted_ranges(text, "carol", 7).empty());
}

TEST_CASE("subid: damaged lines are passed over", "[sandbox]") {
  const std::string text =
      "alice\nalice:1\nalice:x:1\nalice:1:0\nalice:4294967290:100\n:1:1\n# alice:1:1\n"
      "alice:1:2:3\nalice:10:20 \n";
  CHECK(granted_ranges(text, "alice", 1000) == std::vector<SubIdRange>{{10, 20}});
}

TEST_CASE("subid: ranges are strung together after root", "[sandbox]") {
  CHECK(map_of_ranges(1000, {{100000, 10}, {300000, 5}}) ==
        IdMap{{0, 1000, 1}, {1, 100000, 10}, {11, 300000, 5}});
  CHECK(map_of_ranges(1000, {}) == IdMap{{0, 1000, 1}});
  // What no longer fits into 32 bits is left out.
  CHECK(map_of_ranges(0, {{1, 4294967290U}, {5, 100}}).size() == 2);
}

}  // namespace
}  // namespace ibuild::sandbox
