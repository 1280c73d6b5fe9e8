#include <catch2/catch.hpp>

#include "tests/unit/builder/sbom/sbom_fixture.h"

using namespace ibuild;
using test::SbomFixture;
using test::Urls;

TEST_CASE("npm_scanner: packages of node_modules at any depth, scopes too", "[sbom]") {
  SbomFixture f;
  const auto list = f.scan(
      {{"app/node_modules/express/package.json",
        R"json({"name":"express","version":"4.18.2","license":"MIT","author":"TJ <tj@x.org> (http://x)",
            "homepage":"http://expressjs.com/"})json"},
       {"app/node_modules/express/node_modules/@types/node/package.json",
        R"({"name":"@types/node","version":"20.1.0","license":{"type":"ISC"}})"},
       {"node_modules/old/package.json",
        R"({"name":"old","version":"1.0.0","licenses":[{"type":"MIT"},{"type":"GPL-2.0"}],
            "author":{"name":"A","email":"a@x.org"}})"},
       {"app/package.json", R"({"name":"app","version":"1"})"},
       {"app/node_modules/express/lib/package.json", R"({"name":"no","version":"1"})"},
       {"app/node_modules/package.json", R"({"name":"no","version":"1"})"}});
  Urls found;
  for (const auto& package : list.packages) found.push_back(package.url.str());
  CHECK(found ==
        Urls{"pkg:npm/%40types/node@20.1.0", "pkg:npm/express@4.18.2", "pkg:npm/old@1.0.0"});
  CHECK(list.packages[0].license == "ISC");
  CHECK(list.packages[1].license == "MIT");
  CHECK(list.packages[1].supplier == "TJ <tj@x.org>");
  CHECK(list.packages[2].license == "(MIT OR GPL-2.0)");
  CHECK(list.packages[2].supplier == "A <a@x.org>");
}

TEST_CASE("npm_scanner: hostile files", "[sbom]") {
  SbomFixture f;
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += R"({"a":)";
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"),
        std::string(R"({"version":"1"})"), std::string(R"({"name":1})"),
        std::string(R"({"name":""})"), deep, std::string(200'000, '[')}) {
    CHECK(f.urls({{"node_modules/x/package.json", text}}).empty());
  }
  CHECK(f.urls({{"node_modules/x/package.json",
                 R"({"name":"x","version":2,"license":[[]],"author":[1],"homepage":{}})"}}) ==
        Urls{"pkg:npm/x"});
}
