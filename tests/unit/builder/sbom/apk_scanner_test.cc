#include <catch2/catch.hpp>

#include "tests/unit/builder/sbom/sbom_fixture.h"

using namespace ibuild;
using test::SbomFixture;
using test::Urls;

namespace {

const std::string kInstalled =
    "C:Q1abc=\nP:alpine-baselayout\nV:3.4.3-r1\nA:x86_64\nS:8911\nI:331776\n"
    "T:Alpine base dir structure and init scripts\n"
    "U:https://git.alpinelinux.org/cgit/aports/tree/main/alpine-baselayout\n"
    "L:GPL-2.0-only\no:alpine-baselayout\nm:Natanael Copa <ncopa@alpinelinux.org>\n"
    "F:dev\nF:etc\nR:fstab\nZ:Q11Q7hNe8QpDS531guqCdrXBzoA/o=\n"
    "\n"
    "P:libcrypto3\nV:3.1.4-r1\nA:x86_64\nL:Apache-2.0\no:openssl\np:so:libcrypto.so.3=3\n";

}  // namespace

TEST_CASE("apk_scanner: packages with licence, origin and maintainer", "[sbom]") {
  SbomFixture f;
  const auto list = f.scan(
      {{"etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n"}, {"lib/apk/db/installed", kInstalled}});
  REQUIRE(list.packages.size() == 2);
  const auto& layout = list.packages[0];
  CHECK(layout.url.str() ==
        "pkg:apk/alpine/alpine-baselayout@3.4.3-r1?arch=x86_64&distro=alpine-3.18.4");
  CHECK(layout.license == "GPL-2.0-only");
  CHECK(layout.supplier == "Natanael Copa <ncopa@alpinelinux.org>");
  CHECK(layout.origin.empty());
  CHECK(list.packages[1].url.str() ==
        "pkg:apk/alpine/libcrypto3@3.1.4-r1?arch=x86_64&distro=alpine-3.18.4&upstream=openssl");
}

TEST_CASE("apk_scanner: the place below usr/, other distributions, nonsense", "[sbom]") {
  SbomFixture f;
  CHECK(f.urls({{"etc/os-release", "ID=wolfi\nVERSION_ID=20230201\n"},
                {"usr/lib/apk/db/installed", "P:a\nV:1\n"}}) ==
        Urls{"pkg:apk/wolfi/a@1?distro=wolfi-20230201"});
  for (const char* text : {"", "\n\n", "P:", "V:1\n\n", "PP:x\n", "p:x\nv:1\n"})
    CHECK(f.urls({{"lib/apk/db/installed", text}}).empty());
}
