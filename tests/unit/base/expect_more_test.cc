#include "base/expect_more.h"

#include <catch2/catch.hpp>
#include <cstddef>
#include <vector>

using namespace ibuild;

TEST_CASE("expect_more: there is room for all that is expected", "[base]") {
  std::vector<int> numbers = {1, 2};
  base::expect_more(numbers, 100);
  CHECK(numbers.capacity() >= 102);
  CHECK(numbers == std::vector<int>{1, 2});
}

TEST_CASE("expect_more: a few over and over move the elements rarely", "[base]") {
  std::vector<int> numbers;
  std::size_t moves = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto before = numbers.capacity();
    base::expect_more(numbers, 1);
    numbers.push_back(i);
    if (numbers.capacity() != before) ++moves;
  }
  CHECK(moves < 30);
}
