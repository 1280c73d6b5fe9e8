#include "tests/support/must_run.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>

namespace ibuild::test {

namespace {

bool is_demanded(const std::string& need) {
  const char* list = std::getenv("IBUILD_TESTS_MUST_RUN");
  std::istringstream words(list != nullptr ? list : "");
  for (std::string word; std::getline(words, word, ',');) {
    if (word == need || word == "all") return true;
  }
  return false;
}

}  // namespace

bool can_run(const std::string& need, bool available, const std::string& why_not) {
  if (available) return true;
  if (is_demanded(need)) FAIL("this test must run here, but needs " << need << ": " << why_not);
  std::cerr << "not run: needs " << need << ": " << why_not << "\n";
  return false;
}

}  // namespace ibuild::test
