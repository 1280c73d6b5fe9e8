#include <catch2/catch.hpp>

#include "tests/unit/builder/sbom/sbom_fixture.h"

using namespace ibuild;
using test::SbomFixture;
using test::Urls;

namespace {

const std::string kDebian =
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n"
    "VERSION_ID=\"12\"\n";

const std::string kStatus =
    "Package: libc6\nStatus: install ok installed\nPriority: optional\nSection: libs\n"
    "Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>\nArchitecture: amd64\n"
    "Multi-Arch: same\nSource: glibc\nVersion: 2.36-9+deb12u10\n"
    "Description: GNU C Library: Shared libraries\n Contains the standard libraries.\n .\n"
    " Version: 0 is not the version\nHomepage: https://www.gnu.org/software/libc/libc.html\n"
    "\n"
    "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: all\n"
    "\n"
    "Package: never\nStatus: unknown ok not-installed\nArchitecture: all\n"
    "\n"
    "Package: login\nStatus: install ok half-configured\nArchitecture: amd64\n"
    "Source: shadow (1:4.13+dfsg1-1)\nVersion: 1:4.13+dfsg1-1+b1\n";

}  // namespace

TEST_CASE("dpkg_scanner: what is installed, with its source package", "[sbom]") {
  SbomFixture f;
  const auto list = f.scan({{"etc/os-release", kDebian}, {"var/lib/dpkg/status", kStatus}});
  REQUIRE(list.packages.size() == 2);
  CHECK(list.gaps.empty());
  const auto& libc = list.packages[0];
  CHECK(libc.url.str() ==
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12&upstream=glibc");
  CHECK(libc.supplier == "GNU Libc Maintainers <debian-glibc@lists.debian.org>");
  CHECK(libc.homepage == "https://www.gnu.org/software/libc/libc.html");
  CHECK(libc.paths == std::set<std::string>{"/var/lib/dpkg/status"});
  CHECK(list.packages[1].url.str() ==
        "pkg:deb/debian/login@1:4.13%2Bdfsg1-1%2Bb1?arch=amd64&distro=debian-12&upstream=shadow%"
        "401:4.13%2Bdfsg1-1");
}

TEST_CASE("dpkg_scanner: images without dpkg have a file for each package", "[sbom]") {
  SbomFixture f;
  CHECK(f.urls({{"usr/lib/os-release", kDebian},
                {"etc/os-release", "", 0777, 0, 0, layers::EntryType::symlink,
                 "../usr/lib/os-release"},
                {"var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\n"},
                {"var/lib/dpkg/status.d/base.md5sums", "Package: no\n"},
                {"var/lib/dpkg/status.d/deep/er", "Package: no\n"},
                {"root/var/lib/dpkg/status", "Package: no\n"}}) ==
        Urls{"pkg:deb/debian/base-files@12.4?distro=debian-12"});
}

TEST_CASE("dpkg_scanner: a later layer's database is the one that counts", "[sbom]") {
  SbomFixture f;
  f.images.add("base:1", {{"var/lib/dpkg/status", kStatus}});
  f.write("status", "Package: only\nStatus: install ok installed\nVersion: 1\n");
  const auto result = f.build("FROM base:1\nCOPY status /var/lib/dpkg/status\n");
  layers::LayerChain chain;
  for (const auto& diff_id : f.config(result).diff_ids) chain.push_back({diff_id, {}, nullptr});
  const auto list = builder::scan_packages(builder::ImageFiles(chain, *f.store, {}));
  REQUIRE(list.packages.size() == 1);
  CHECK(list.packages[0].url.name == "only");
}

TEST_CASE("dpkg_scanner: nonsense is no package", "[sbom]") {
  SbomFixture f;
  for (const std::string& text :
       {std::string(), std::string("\n\n\n"), std::string("Package"), std::string(": x\n"),
        std::string("Package:\nVersion: 1\n"), std::string("\0\0\0\xff", 4),
        std::string("Status: install ok installed\n"), std::string(100000, 'x'),
        " continued\n Package: y\n" + std::string(1000, '\n')}) {
    CHECK(f.urls({{"var/lib/dpkg/status", text}}).empty());
  }
  const auto odd = f.urls({{"var/lib/dpkg/status", "Package: a b\nSource: (\nVersion: \xff\n"}});
  CHECK(odd == Urls{"pkg:deb/debian/a%20b@%FF?upstream=%28"});
}
