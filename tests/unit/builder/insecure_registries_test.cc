#include "builder/insecure_registries.h"

#include <catch2/catch.hpp>

using namespace ibuild;  // NOLINT: a test

TEST_CASE("insecure_registries: those that outputs and caches call so, and no others",
          "[builder]") {
  using Names = std::set<std::string>;
  builder::BuildRequest request;
  request.tags = {image::parse_reference("tags.example:5000/app:1")};
  request.outputs = {{"image", {{"push", "true"}}}};
  request.cache_from = {{"registry", {{"ref", "from.example/cache"}}}};
  CHECK(builder::insecure_registries(request).empty());

  request.outputs[0].attributes["registry.insecure"] = "true";
  CHECK(builder::insecure_registries(request) == Names{"tags.example:5000"});
  request.outputs[0].attributes["name"] = "a.example/app,b.example/app";
  CHECK(builder::insecure_registries(request) == Names{"a.example", "b.example"});
  request.outputs[0].attributes["registry.insecure"] = "false";
  request.cache_from[0].attributes["registry.insecure"] = "true";
  request.cache_to = {{"registry", {{"ref", "to.example/cache"}, {"registry.insecure", ""}}}};
  CHECK(builder::insecure_registries(request) == Names{"from.example", "to.example"});

  // build() refuses it and tells why.
  request.outputs[0].attributes["registry.insecure"] = "perhaps";
  CHECK(builder::insecure_registries(request).empty());
}
