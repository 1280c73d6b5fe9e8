#include "builder/detail_list.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

namespace ibuild::builder {

TEST_CASE("detail_list: gives back what was added, in its order, short and very long",
          "[builder]") {
  DetailList list;
  CHECK(list.empty());
  CHECK(list.begin() == list.end());
  std::vector<std::pair<std::string, std::string>> wanted = {{"", ""}, {"name", ""}, {"", "value"}};
  for (int i = 0; i < 10'000; ++i) wanted.emplace_back("file " + std::to_string(i), "0644 0:0");
  wanted.emplace_back(std::string(1'000'000, 'n'), std::string("\0\n", 2));
  wanted.emplace_back("last", std::string(500'000, 'v'));
  for (const auto& [name, value] : wanted) list.add(name, value);
  std::vector<std::pair<std::string, std::string>> seen;
  for (const auto& item : list) seen.emplace_back(item.name, item.value);
  CHECK(seen == wanted);
}

}  // namespace ibuild::builder
