#include "base/chunked_list.h"

#include <array>
#include <catch2/catch.hpp>

namespace ibuild::base {

TEST_CASE("chunked_list: values keep their place, over many pieces", "[base]") {
  ChunkedList<std::array<std::size_t, 9>> list;
  CHECK(list.empty());
  constexpr std::size_t kCount = 20'000;
  for (std::size_t i = 0; i < kCount; ++i) list.push_back({i});
  REQUIRE(list.size() == kCount);
  const auto* first = &list[0];
  list[kCount - 1][8] = 7;
  bool same = true;
  for (std::size_t i = 0; i < kCount; ++i) same = same && list[i][0] == i;
  CHECK(same);
  CHECK(list[kCount - 1][8] == 7);
  list.push_back({});
  CHECK(&list[0] == first);
  list.clear();
  CHECK(list.empty());
  list.push_back({5});
  CHECK(list[0][0] == 5);
}

}  // namespace ibuild::base
