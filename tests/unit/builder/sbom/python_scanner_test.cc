#include <catch2/catch.hpp>

#include "tests/unit/builder/sbom/sbom_fixture.h"

using namespace ibuild;
using test::SbomFixture;
using test::Urls;

TEST_CASE("python_scanner: wheels, eggs and eggs that are a file", "[sbom]") {
  SbomFixture f;
  const std::string lib = "usr/lib/python3/dist-packages/";
  const auto list = f.scan(
      {{lib + "Flask-3.0.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: Flask\nVersion: 3.0.0\nLicense: BSD-3-Clause\n"
        "Author: Armin\nAuthor-email: armin@example.org\nHome-page: https://flask.example\n"
        "\n# Flask\n\nName: not-this\n"},
       {lib + "typing_extensions-4.9.0.dist-info/METADATA",
        "Name: typing_extensions\nVersion: 4.9.0\nLicense-Expression: PSF-2.0\nLicense: other\n"},
       {lib + "old.egg-info/PKG-INFO", "Name: Old.Thing\r\nVersion: 1\r\nLicense: UNKNOWN\r\n"},
       {lib + "six-1.16.0.egg-info", "Name: six\nVersion: 1.16.0\nHome-page: UNKNOWN\n"},
       {lib + "Flask-3.0.0.dist-info/RECORD", "Name: no\n"}});
  Urls found;
  for (const auto& package : list.packages) found.push_back(package.url.str());
  CHECK(found == Urls{"pkg:pypi/flask@3.0.0", "pkg:pypi/old.thing@1", "pkg:pypi/six@1.16.0",
                      "pkg:pypi/typing-extensions@4.9.0"});
  CHECK(list.packages[0].license == "BSD-3-Clause");
  CHECK(list.packages[0].supplier == "Armin <armin@example.org>");
  CHECK(list.packages[1].license.empty());
  CHECK(list.packages[2].homepage.empty());
  CHECK(list.packages[3].license == "PSF-2.0");
}

TEST_CASE("python_scanner: a licence's whole text is none", "[sbom]") {
  SbomFixture f;
  const auto list = f.scan(
      {{"x.dist-info/METADATA", "Name: x\nVersion: 1\nLicense: Permission is hereby\n granted\n"}});
  REQUIRE(list.packages.size() == 1);
  CHECK(list.packages[0].license.empty());
}

TEST_CASE("python_scanner: a licence that only a classifier names", "[sbom]") {
  SbomFixture f;
  const std::string name = "Name: x\nVersion: 1\n";
  const auto license_of = [&](const std::string& lines) {
    const auto list = f.scan({{"x.dist-info/METADATA", name + lines}});
    REQUIRE(list.packages.size() == 1);
    return list.packages[0].license;
  };
  const std::string mit = "Classifier: License :: OSI Approved :: MIT License\n";
  CHECK(license_of(mit) == "MIT License");
  CHECK(license_of("License: UNKNOWN\nClassifier: License :: OSI Approved\n" + mit) ==
        "MIT License");
  CHECK(license_of("License: ISC\n" + mit) == "ISC");
  CHECK(license_of("License: Permission is\n granted\n" + mit) == "MIT License");
  CHECK(license_of(mit + "Classifier: License :: OSI Approved :: ISC License (ISCL)\n").empty());
  CHECK(license_of("\n" + mit).empty());
  CHECK(license_of("Classifier: License :: Public Domain\n") == "Public Domain");
}

TEST_CASE("python_scanner: the same package in two places is told once", "[sbom]") {
  SbomFixture f;
  const auto list = f.scan({{"a/x.dist-info/METADATA", "Name: x\nVersion: 1\n"},
                            {"b/x.dist-info/METADATA", "Name: X\nVersion: 1\n"}});
  REQUIRE(list.packages.size() == 1);
  CHECK(list.packages[0].paths ==
        std::set<std::string>{"/a/x.dist-info/METADATA", "/b/x.dist-info/METADATA"});
}

TEST_CASE("python_scanner: hostile files", "[sbom]") {
  SbomFixture f;
  CHECK(f.urls({{"a.dist-info/METADATA", ""},
                {"b.dist-info/METADATA", "Version: 1\n"},
                {"c.dist-info/METADATA", "\n\nName: late\n"},
                {"d.egg-info", std::string("\x7f"
                                           "ELF\0\0",
                                           6)}})
            .empty());
  const auto large = f.scan({{"a.dist-info/METADATA", std::string((8 << 20) + 1, 'x')},
                             {"b.dist-info/METADATA", "Name: b\n"}});
  CHECK(large.packages.size() == 1);
  REQUIRE(large.gaps.size() == 1);
  CHECK_THAT(large.gaps[0], Catch::Contains("/a.dist-info/METADATA (python)"));
}
