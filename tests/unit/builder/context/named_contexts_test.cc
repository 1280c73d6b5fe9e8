#include "builder/context/named_contexts.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild;
using builder::DirectoryContext;
using builder::NamedContexts;

namespace {

const auto kAmd64 = image::parse_platform("linux/amd64");
const auto kArm64 = image::parse_platform("linux/arm64");

std::string directory(const NamedContexts& contexts, const std::string& name,
                      const image::Platform& platform = kAmd64) {
  const auto key = contexts.find(name, platform);
  return key ? std::get<DirectoryContext>(contexts.at(*key)).path : "";
}

}  // namespace

TEST_CASE("named_contexts: all forms of an image's name are one name", "[context]") {
  NamedContexts contexts;
  contexts.add("docker.io/library/alpine:latest", DirectoryContext{"a"});
  contexts.add("example.com/x:1", DirectoryContext{"x"});
  CHECK(directory(contexts, "alpine") == "a");
  CHECK(directory(contexts, "alpine:latest") == "a");
  CHECK(directory(contexts, "docker.io/alpine") == "a");
  CHECK(directory(contexts, "example.com/x:1") == "x");
  CHECK(directory(contexts, "alpine:3") == "");
  CHECK(directory(contexts, "example.com/x") == "");
}

TEST_CASE("named_contexts: a platform's own context goes first", "[context]") {
  NamedContexts contexts;
  contexts.add("base", DirectoryContext{"all"});
  contexts.add("base::linux/arm64", DirectoryContext{"arm"});
  CHECK(directory(contexts, "base", kArm64) == "arm");
  CHECK(directory(contexts, "base", kAmd64) == "all");
}

TEST_CASE("named_contexts: the last one of a name counts", "[context]") {
  NamedContexts contexts;
  contexts.add("base", DirectoryContext{"first"});
  contexts.add("base:latest", DirectoryContext{"second"});
  CHECK(directory(contexts, "base") == "second");
}

TEST_CASE("named_contexts: nothing takes the place of scratch or of the context", "[context]") {
  NamedContexts contexts;
  contexts.add("scratch", DirectoryContext{"s"});
  contexts.add("context", DirectoryContext{"c"});
  CHECK_FALSE(contexts.find("scratch", kAmd64));
  CHECK_FALSE(contexts.find("context", kAmd64));
  CHECK_FALSE(contexts.find("Not A Name", kAmd64));
}

TEST_CASE("named_contexts: names that no image can have are refused", "[context]") {
  NamedContexts contexts;
  CHECK_THROWS_WITH(contexts.add("Bad Name", DirectoryContext{}),
                    Catch::Contains("build context Bad Name"));
  CHECK_THROWS_AS(contexts.add("base::nowhere/at/all/x", DirectoryContext{}), base::UsageError);
}
