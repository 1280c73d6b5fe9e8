#include "registry/auth/auth_challenge.h"

#include <catch2/catch.hpp>

using namespace ibuild::registry;
using Parameters = std::map<std::string, std::string>;

TEST_CASE("auth_challenge: Docker Hub's", "[registry]") {
  const auto all = parse_auth_challenges(
      "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
      "scope=\"repository:library/python:pull,push\"");
  REQUIRE(all.size() == 1);
  CHECK(all[0].scheme == "bearer");
  CHECK(all[0].parameter("realm") == "https://auth.docker.io/token");
  CHECK(all[0].parameter("scope") == "repository:library/python:pull,push");
  CHECK(all[0].parameter("error").empty());
}

TEST_CASE("auth_challenge: several challenges in one field", "[registry]") {
  const auto all = parse_auth_challenges(
      "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\", "
      "Negotiate, NTLM abc+/==, Bearer a = b");
  REQUIRE(all.size() == 5);
  CHECK(all[0].parameters ==
        Parameters{{"realm", "apps"}, {"type", "1"}, {"title", "Login to \"apps\""}});
  CHECK(all[1].scheme == "basic");
  CHECK(all[1].parameters == Parameters{{"realm", "simple"}});
  CHECK(all[2].scheme == "negotiate");
  CHECK(all[3].token68 == "abc+/==");
  CHECK(all[4].parameters == Parameters{{"a", "b"}});
}

TEST_CASE("auth_challenge: names without case, the first value counts", "[registry]") {
  const auto all = parse_auth_challenges("BEARER Realm=one, REALM=two");
  REQUIRE(all.size() == 1);
  CHECK(all[0].parameters == Parameters{{"realm", "one"}});
}

TEST_CASE("auth_challenge: reading ends at the first nonsense", "[registry]") {
  CHECK(parse_auth_challenges("").empty());
  CHECK(parse_auth_challenges(" , ,").empty());
  CHECK(parse_auth_challenges("=x").empty());
  CHECK(parse_auth_challenges("Bearer realm=\"never closed").size() == 1);
  CHECK(parse_auth_challenges("Basic realm=x, @@@, Bearer realm=y").size() == 1);
}

TEST_CASE("auth_challenge: Bearer is chosen before Basic", "[registry]") {
  CHECK(choose_challenge({"Basic realm=a", "Digest x=y, Bearer realm=b"})->scheme == "bearer");
  CHECK(choose_challenge({"Digest x=y", "Basic realm=a"})->scheme == "basic");
  CHECK_FALSE(choose_challenge({"Negotiate"}));
  CHECK_FALSE(choose_challenge({}));
}
