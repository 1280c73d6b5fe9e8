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

TEST_CASE("env list: copies go their own ways, and are equal by what they hold", "[builder]") {
  EnvList env;
  env.set("A", "1");
  env.set("B", "2");
  EnvList copy = env;
  copy.set("A", "3");
  CHECK(env.to_strings() == std::vector<std::string>{"A=1", "B=2"});
  CHECK(copy.to_strings() == std::vector<std::string>{"B=2", "A=3"});
  CHECK(copy.items_since(env) == EnvList::Items{{"A", "3"}});
  CHECK_FALSE(copy == env);
  env.set("A", "3");
  CHECK(copy == env);
  copy.erase("B");
  CHECK(copy.to_strings() == std::vector<std::string>{"A=3"});
}
