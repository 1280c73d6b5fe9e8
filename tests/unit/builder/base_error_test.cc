// Bases that a registry refuses: where that is said, and what may have been meant instead.
#include <catch2/catch.hpp>

#include "builder/build.h"
#include "parser/diagnostic.h"
#include "registry/registry_client.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using Catch::Contains;

namespace {

class RefusingRegistry : public builder::ImageSource {
 public:
  std::optional<builder::BaseImage> try_load(const image::Reference&, const image::Platform&,
                                             builder::PullPolicy, std::stop_token) override {
    registry::RegistryError error(401, {}, false, "refused");
    error.set_hint("log in");
    throw error;
  }
  std::string name() const override { return "refusing"; }
};

struct Refused : test::BuildFixture {
  RefusingRegistry registry;
  int status = 0;  // of the error that is nested in it
  std::string hint;
  parser::SourceRange range;

  explicit Refused(const std::string& dockerfile) {
    request.dockerfile = dockerfile;
    auto given = services();
    given.image_sources = {&registry};
    try {
      builder::build(request, given, nullptr, {});
      FAIL("built");
    } catch (const parser::DockerfileError& error) {
      CHECK_THAT(error.what(), Contains("refused"));
      try {
        std::rethrow_if_nested(error);
      } catch (const registry::RegistryError& cause) {
        status = cause.status();
      }
      hint = error.hint();
      range = error.range();
    }
  }
};

}  // namespace

TEST_CASE("base errors: what a registry says stands at the line, the error itself in it",
          "[builder]") {
  const Refused base("ARG A=1\nFROM php:8 AS app\n");
  CHECK(base.range.start.line == 2);
  CHECK(base.status == 401);
  const Refused copied("FROM scratch\nCOPY --from=php:8 /a /b\n");
  CHECK(copied.range.start.line == 2);
}

TEST_CASE("base errors: a stage is suggested beside the hint, where it can be meant", "[builder]") {
  CHECK(Refused("FROM php:8 AS app\nRUN true\n").hint == "log in");
  CHECK(Refused("FROM biuld AS one\nFROM scratch AS build\nFROM one\n").hint == "log in");
  CHECK(Refused("FROM scratch AS build\nRUN true\nFROM biuld\nRUN true\n").hint ==
        "log in; did you mean the stage build?");
  CHECK(Refused("FROM scratch AS one\nCOPY --from=biuld /a /b\nFROM scratch AS build\nFROM one\n")
            .hint == "log in; did you mean the stage build?");
  CHECK(Refused("FROM scratch AS build\nCOPY --from=biuld /a /b\n").hint == "log in");
}

TEST_CASE("base errors: an image that may not be asked for is missing in the store", "[builder]") {
  test::BuildFixture f;
  f.request.pull = builder::PullPolicy::never;
  try {
    f.build("FROM scratch AS one\nFROM none:1\n");
    FAIL("built");
  } catch (const parser::DockerfileError& error) {
    CHECK_THAT(error.what(), Contains("docker.io/library/none:1: not in the local store") &&
                                 Contains("--pull=never") && !Contains("asked"));
    CHECK_THAT(error.hint(), Contains("ibuild pull none:1"));
    CHECK(error.range().start.line == 2);
  }
}

TEST_CASE("base errors: a wrong trigger of a base is told once, with what may be meant",
          "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"f", "x"}}).config.config.on_build = {"RNU true"};
  try {
    f.build("FROM base\n");
    FAIL("built");
  } catch (const parser::DockerfileError& error) {
    CHECK_THAT(error.what(),
               Catch::Matchers::StartsWith("of the base image: ONBUILD trigger: unknown"));
    CHECK_THAT(error.hint(), Contains("RUN"));
  }
}
