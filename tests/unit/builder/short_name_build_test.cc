// Builds whose names without a host are found out by an image source.
#include <catch2/catch.hpp>
#include <mutex>

#include "builder/build.h"
#include "image/short_name.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using Catch::Matchers::VectorContains;
using image::ShortNameRule;
using test::BuildFixture;

namespace {

/// Gives every short name to one registry.
class OneRegistry : public builder::ImageSource {
 public:
  explicit OneRegistry(builder::ImageSource& inner) : inner_(inner) {}
  std::optional<builder::BaseImage> try_load(const image::Reference& reference,
                                             const image::Platform& platform,
                                             builder::PullPolicy policy,
                                             std::stop_token stop) override {
    if (!image::is_short_name(reference)) return inner_.try_load(reference, platform, policy, stop);
    {
      const std::scoped_lock lock(mutex_);
      asked.push_back(reference.str());
    }
    auto image =
        inner_.try_load(image::at_registry(reference, "r.example"), platform, policy, stop);
    if (image) image->remarks = {"resolved " + reference.str()};
    return image;
  }
  std::string name() const override { return "one registry"; }
  std::vector<std::string> asked;  // short names; to be read when nobody asks any more

 private:
  std::mutex mutex_;
  builder::ImageSource& inner_;
};

struct ShortNameFixture : BuildFixture {
  OneRegistry names{images};

  ShortNameFixture() { request.short_names = ShortNameRule::containers; }
  builder::BuildResult build_it(const std::string& dockerfile) {
    request.dockerfile = dockerfile;
    auto given = services();
    given.image_sources = {&names};
    return builder::build(request, given, nullptr, {});
  }
};

}  // namespace

TEST_CASE("short names: steps have the name that was found", "[builder]") {
  ShortNameFixture f;
  const auto& image = f.images.add("r.example/python:3.7", {{"f", "r"}});
  f.build_it("FROM python:3.7\nRUN true\n");
  CHECK(f.names.asked == std::vector<std::string>{"python:3.7"});
  CHECK_THAT(f.events.notes(), VectorContains(std::string("resolved python:3.7")));
  CHECK_THAT(f.events.added_vertex_names(),
             VectorContains(std::string("[internal] load metadata for python:3.7")));
  CHECK_THAT(f.events.vertex_names(),
             VectorContains("[1/2] FROM r.example/python:3.7@" + image.digest.str()));
}

TEST_CASE("short names: both names of an image are one step", "[builder]") {
  ShortNameFixture f;
  f.images.add("r.example/python:3.7", {{"f", "r"}});
  f.build_it(
      "FROM r.example/python:3.7\nCOPY --from=python:3.7 /f /g\nCOPY --from=python:3.7 /f /h\n");
  std::size_t bases = 0;
  for (const auto& name : f.events.vertex_names())
    bases += name.find("FROM r.example/python") != std::string::npos ? 1 : 0;
  CHECK(bases == 1);
}

TEST_CASE("short names: of COPY, mounts and contexts, but not of stages", "[builder]") {
  ShortNameFixture f;
  for (const std::string name : {"base", "copied", "mounted", "other"})
    f.images.add("r.example/" + name, {{"f", name}});
  f.request.contexts.add(
      "replaced", builder::parse_named_context("docker-image://other", ShortNameRule::containers));
  const auto result = f.build_it(
      "FROM base AS stage\nFROM replaced\nCOPY --from=copied /f /c\nCOPY --from=stage /f /s\n"
      "RUN --mount=type=bind,from=mounted,target=/m true\n");
  const auto tree = f.tree(result);
  CHECK(f.content(*tree, "f") == "other");
  CHECK(f.content(*tree, "c") == "copied");
  CHECK(f.content(*tree, "s") == "base");
  CHECK(f.names.asked.size() == 4);
}

TEST_CASE("short names: nobody is asked about names with a host, nor by Docker's rule",
          "[builder]") {
  ShortNameFixture f;
  f.images.add("r.example/base", {{"f", "r"}});
  f.images.add("base", {{"f", "hub"}});
  f.build_it("FROM r.example/base\nCOPY --from=docker.io/base /f /g\n");
  f.request.short_names = ShortNameRule::docker;
  CHECK(f.content(*f.tree(f.build_it("FROM base\n")), "f") == "hub");
  CHECK(f.names.asked.empty());
}

TEST_CASE("short names: one that is not there is named as it was written", "[builder]") {
  ShortNameFixture f;
  CHECK_THROWS_WITH(f.build_it("FROM nothing:1\n"),
                    Catch::Matchers::Contains("nothing:1: not found"));
}
