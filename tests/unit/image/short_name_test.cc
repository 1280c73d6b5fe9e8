#include "image/short_name.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild;
using namespace ibuild::image;

namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

Reference parse(const std::string& text) {
  return parse_reference(text, ShortNameRule::containers);
}

}  // namespace

TEST_CASE("short_name: by the rule of containers a name without a host stays as it was written",
          "[image]") {
  for (const std::string name : {"python:3.7", "library/python", "team/app/x:1", "localhost",
                                 "under_score/x", "docker.io", "a_b.c/x"}) {
    INFO(name);
    CHECK(is_short_name(parse(name)));
    CHECK(parse(name).str() == name);
  }
  const auto both = parse("python:3.7@" + kDigest);
  CHECK(both.path == "python");
  CHECK(both.tag == "3.7");
  CHECK(both.digest->str() == kDigest);
  CHECK(parse("python@" + kDigest).path == "python");
}

TEST_CASE("short_name: a name with a host means the same by both rules", "[image]") {
  for (const std::string name :
       {"docker.io/python", "index.docker.io/python", "quay.io/a/b:1", "localhost/x", "h:5000/x",
        "127.0.0.1:5000/x", "[::1]:5000/x", "HOST/x"}) {
    INFO(name);
    CHECK_FALSE(is_short_name(parse(name)));
    CHECK(parse(name) == parse_reference(name));
  }
}

TEST_CASE("short_name: by Docker's rule there are none", "[image]") {
  CHECK(parse_reference("python", ShortNameRule::docker).str() == "docker.io/library/python");
  CHECK(parse_reference("h:1/x", ShortNameRule::docker) == parse_reference("h:1/x"));
}

TEST_CASE("short_name: what is no name is refused by both rules", "[image]") {
  for (const std::string name : {"", "Python", "a//b", "x:", "python@sha256:1"}) {
    INFO(name);
    CHECK_THROWS_AS(parse(name), base::UsageError);
  }
}

TEST_CASE("short_name: at a registry", "[image]") {
  const auto name = parse("python:3.7");
  CHECK(at_registry(name, "h:5000").str() == "h:5000/python:3.7");
  CHECK(at_registry(name, "localhost").str() == "localhost/python:3.7");
  CHECK(at_registry(name, "docker.io") == parse_reference("python:3.7"));
  CHECK(at_registry(parse("team/app@" + kDigest), "docker.io").str() ==
        "docker.io/team/app@" + kDigest);
  CHECK(at_registry(parse("library/python"), "quay.io").str() == "quay.io/library/python");
  // "registry/python" would be a name of Docker Hub's.
  for (const std::string host : {"registry", "", "a/b", "h.example/team", "https://h"}) {
    INFO(host);
    CHECK_THROWS_AS(at_registry(name, host), base::UsageError);
  }
}
