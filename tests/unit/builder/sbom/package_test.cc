#include "builder/sbom/package.h"

#include <catch2/catch.hpp>

#include "tests/unit/builder/sbom/sbom_fixture.h"

using namespace ibuild;
using builder::PackageList;

namespace {

builder::Package package_named(const std::string& name) {
  return {.url = {.type = "gem", .name = name}};
}

}  // namespace

TEST_CASE("package: of equal ones the places are merged, and all are sorted", "[sbom]") {
  PackageList list;
  list.place = "/b";
  list.add(package_named("b"));
  list.add(package_named("a"));
  list.place = "/a";
  list.add(package_named("b"));
  list.finish();
  REQUIRE(list.packages.size() == 2);
  CHECK(list.packages[0].url.name == "a");
  CHECK(list.packages[1].paths == std::set<std::string>{"/a", "/b"});
  CHECK(list.gaps.empty());
}

TEST_CASE("package: a list has an end, which is told", "[sbom]") {
  PackageList list;
  for (std::size_t i = 0; i < PackageList::kMaxPackages + 5; ++i)
    list.add(package_named(std::to_string(i)));
  CHECK(list.is_full());
  list.finish();
  CHECK(list.packages.size() == PackageList::kMaxPackages);
  CHECK(list.gaps ==
        std::vector<std::string>{"packages after the first 200000: there are too many"});
}

TEST_CASE("package: a list of huge texts has an end, too", "[sbom]") {
  PackageList list;
  for (int i = 0; i < 200; ++i) {
    auto package = package_named(std::to_string(i));
    package.paths = {std::string(1 << 20, 'x')};
    list.add(std::move(package));
  }
  list.finish();
  CHECK(list.packages.size() == 127);
  CHECK(list.gaps.size() == 1);
}

TEST_CASE("package: a hundred gaps are told, the others counted", "[sbom]") {
  PackageList list;
  for (int i = 0; i < 1000; ++i) list.add_gap("/z");
  list.finish();
  REQUIRE(list.gaps.size() == PackageList::kMaxGaps + 1);
  CHECK(list.gaps.back() == "900 more files that could not be read");
}

TEST_CASE("package: a database with more packages than there can be does not fail", "[sbom]") {
  test::SbomFixture f;
  std::string status;
  for (std::size_t i = 0; i < PackageList::kMaxPackages + 10; ++i)
    status += "Package: p" + std::to_string(i) + "\n\n";
  const auto list = f.scan({{"var/lib/dpkg/status", status}});
  CHECK(list.packages.size() == PackageList::kMaxPackages);
  CHECK(list.gaps.size() == 1);
}
