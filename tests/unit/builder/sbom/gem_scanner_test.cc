#include <catch2/catch.hpp>

#include "tests/unit/builder/sbom/sbom_fixture.h"

using namespace ibuild;
using test::SbomFixture;
using test::Urls;

namespace {

// As RubyGems writes one.
const std::string kRack =
    "# -*- encoding: utf-8 -*-\n# stub: rack 3.0.8 ruby lib\n\nGem::Specification.new do |s|\n"
    "  s.name = \"rack\".freeze\n  s.version = \"3.0.8\".freeze\n\n"
    "  s.required_rubygems_version = Gem::Requirement.new(\">= 0\".freeze)\n"
    "  s.metadata = { \"changelog_uri\" => \"https://c.example\" }\n"
    "  s.authors = [\"Leah \\\"L\\\" N\".freeze, \"Other\".freeze]\n"
    "  s.homepage = \"https://github.com/rack/rack\".freeze\n"
    "  s.licenses = [\"MIT\".freeze]\n"
    "  s.description = \"s.name = \\\"not this\\\"\\n\".freeze\n"
    "  s.add_runtime_dependency(%q<x>.freeze, [\"> 1\".freeze])\nend\n";

}  // namespace

TEST_CASE("gem_scanner: what RubyGems installed", "[sbom]") {
  SbomFixture f;
  const std::string gems = "var/lib/gems/3.1.0/specifications/";
  const auto list =
      f.scan({{gems + "rack-3.0.8.gemspec", kRack},
              {gems + "default/json-2.6.gemspec",
               "Gem::Specification.new do |s|\n s.name = \"json\"\n s.version = \"2.6\"\n"
               " s.licenses = [\"Ruby\", \"BSD-2-Clause\"]\nend\n"},
              {gems + "nokogiri-1.16.0-x86_64-linux.gemspec",
               "  s.name = \"nokogiri\".freeze\n  s.version = \"1.16.0\"\n  s.platform = "
               "\"x86_64-linux\".freeze\n"},
              {"var/lib/gems/3.1.0/gems/rack-3.0.8/rack.gemspec", kRack}});
  REQUIRE(list.packages.size() == 3);
  CHECK(list.gaps.empty());
  CHECK(list.packages[0].url.str() == "pkg:gem/json@2.6");
  CHECK(list.packages[0].license == "Ruby OR BSD-2-Clause");
  CHECK(list.packages[1].url.str() == "pkg:gem/nokogiri@1.16.0?platform=x86_64-linux");
  const auto& rack = list.packages[2];
  CHECK(rack.url.str() == "pkg:gem/rack@3.0.8");
  CHECK(rack.supplier == "Leah \"L\" N, Other");
  CHECK(rack.license == "MIT");
  CHECK(rack.homepage == "https://github.com/rack/rack");
  CHECK(rack.paths == std::set<std::string>{"/" + gems + "rack-3.0.8.gemspec"});
}

TEST_CASE("gem_scanner: nonsense is no package, and what is too large a gap", "[sbom]") {
  SbomFixture f;
  const auto list = f.scan({{"specifications/a.gemspec", ""},
                            {"specifications/b.gemspec", "s.name = "},
                            {"specifications/c.gemspec", "s.name = \"\\"},
                            {"specifications/d.gemspec", "s.name = \"\"\ns.version = \"1\"\n"},
                            {"specifications/deep/e.gemspec", kRack},
                            {"f.gemspec", kRack},
                            {"specifications/g.gemspec", std::string((4 << 20) + 1, 's')},
                            {"specifications/h.gemspec", "s.name = \"open\ns.version = \"1\"\n"}});
  CHECK(list.packages.empty());
  REQUIRE(list.gaps.size() == 1);
  CHECK_THAT(list.gaps[0], Catch::Contains("/specifications/g.gemspec (gem)"));
}
