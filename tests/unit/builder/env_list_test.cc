#include "builder/plan/env_list.h"

#include <catch2/catch.hpp>

using ibuild::builder::EnvList;

TEST_CASE("env list: in the order of setting, what is set again goes to the end", "[builder]") {
  EnvList env;
  env.set("B", "1");
  env.set("A", "2");
  env.set("C", "3");
  env.set("B", "4");
  CHECK(env.to_strings() == std::vector<std::string>{"A=2", "C=3", "B=4"});
  CHECK(env.names() == std::vector<std::string>{"A", "C", "B"});
  CHECK(env.get("B") == "4");
  CHECK_FALSE(env.get("X"));
  CHECK(env.has("A"));
}
