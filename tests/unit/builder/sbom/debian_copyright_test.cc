#include "builder/sbom/debian_copyright.h"

#include <catch2/catch.hpp>

#include "tests/unit/builder/sbom/sbom_fixture.h"

using namespace ibuild;
using builder::license_of_copyright;

namespace {

const std::string kFormat =
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
    "Upstream-Name: x\n\n";

std::string files(const std::string& license) {
  return "Files: *\nCopyright: 2001 Somebody\nLicense: " + license + "\n\n";
}

std::string license_of(const std::string& license) {
  return license_of_copyright(kFormat + files(license));
}

}  // namespace

TEST_CASE("debian_copyright: names of licences", "[sbom]") {
  CHECK(license_of("Expat") == "MIT");
  CHECK(license_of("GPL-2+") == "GPL-2.0-or-later");
  CHECK(license_of("LGPL-2.1") == "LGPL-2.1-only");
  CHECK(license_of("BSD-3-clause\n Redistribution and use\n .\n are permitted") == "BSD-3-Clause");
  CHECK(license_of("GFDL-1.3+") == "GFDL-1.3-or-later");
  CHECK(license_of("GPL-3+ with Autoconf exception") ==
        "GPL-3.0-or-later WITH Autoconf-exception-3.0");
  CHECK(license_of("GPL-2 with classpath exception or MPL-1.1") ==
        "GPL-2.0-only WITH Classpath-exception-2.0 OR MPL-1.1");
}

TEST_CASE("debian_copyright: and, or, and the comma", "[sbom]") {
  CHECK(license_of("GPL-2 or ISC") == "GPL-2.0-only OR ISC");
  CHECK(license_of("GPL-2 or ISC and Zlib") == "GPL-2.0-only OR ISC AND Zlib");
  CHECK(license_of("GPL-2 or ISC, and Zlib") == "(GPL-2.0-only OR ISC) AND (Zlib)");
}

TEST_CASE("debian_copyright: all files count, texts of licences do not", "[sbom]") {
  CHECK(license_of_copyright(kFormat + files("GPL-2+") + files("ISC or Expat") + files("GPL-2+") +
                             "License: strange\n What it says\n") ==
        "GPL-2.0-or-later AND (ISC OR MIT)");
}

TEST_CASE("debian_copyright: what is not clear is not told", "[sbom]") {
  for (const char* license :
       {"public-domain", "Artistic", "GPL", "BSD", "GPL-2+ with OpenSSL exception",
        "GPL-2+ with Autoconf", "Expat with Font exception", "GPL-2+ or", "or GPL-2", "GPL-2, ISC",
        "GPL-2 ISC", "", ",", "with", "GPL-2,", "GPL-2 with", "\xff"}) {
    INFO(license);
    CHECK(license_of(license).empty());
    CHECK(license_of_copyright(kFormat + files("Expat") + files(license)).empty());
  }
  CHECK(license_of_copyright("This package was debianized by\n\nLicense: Expat\n").empty());
  CHECK(license_of_copyright(files("Expat")).empty());
  CHECK(license_of_copyright("").empty());
  CHECK(license_of_copyright(kFormat).empty());
  std::string many;
  for (int i = 0; i < 100; ++i) many += i == 0 ? "ISC" : " and ISC";
  CHECK(license_of(many).empty());
}

TEST_CASE("debian_copyright: packages of dpkg have their licences from there", "[sbom]") {
  test::SbomFixture f;
  const auto list = f.scan(
      {{"var/lib/dpkg/status",
        "Package: one\nVersion: 1\n\nPackage: linked\nVersion: 1\n\nPackage: none\nVersion: 1\n\n"
        "Package: ../../../etc\nVersion: 1\n"},
       {"usr/share/doc/one/copyright", kFormat + files("Expat")},
       {"usr/share/doc/linked", "", 0777, 0, 0, layers::EntryType::symlink, "one"},
       {"usr/share/doc/none/copyright", std::string((1 << 20) + 1, 'x')}});
  REQUIRE(list.packages.size() == 4);
  CHECK(list.packages[0].license.empty());
  CHECK(list.packages[1].url.name == "linked");
  CHECK(list.packages[1].license == "MIT");
  CHECK(list.packages[2].license.empty());
  CHECK(list.packages[3].license == "MIT");
  CHECK(list.gaps.empty());
}
