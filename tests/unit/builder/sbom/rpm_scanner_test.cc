// The databases in rpm/ were written by rpm 4.18, SQLite and Berkeley DB 5.3, Packages.db out of
// the same headers; what rpmdb.sqlite-wal adds is one removal that is committed and one that is
// not.
#include <catch2/catch.hpp>

#include "base/fs_at.h"
#include "builder/sbom/rpm_header.h"
#include "tests/unit/builder/sbom/sbom_fixture.h"

using namespace ibuild;
using test::SbomFixture;
using test::Urls;

namespace {

std::string database(const std::string& name) {
  return base::read_host_file(
      std::string(IBUILD_SOURCE_DIR) + "/tests/unit/builder/sbom/rpm/" + name, 1 << 20);
}

const test::FakeFile kFedora = {"etc/os-release", "ID=fedora\nVERSION_ID=40\n"};

std::string url(const std::string& package, const std::string& rest) {
  return "pkg:rpm/fedora/" + package + "?" + rest + "&upstream=hello-1.5-3.src.rpm";
}
const std::string kData = url("data@7-3", "arch=noarch&distro=fedora-40&epoch=0");
const std::string kHello = url("hello@1.5-3", "arch=x86_64&distro=fedora-40&epoch=2");
const std::string kMore = url("more@1.5-3", "arch=x86_64&distro=fedora-40&epoch=2");
const std::string kTools = url("tools@1.5-3", "arch=x86_64&distro=fedora-40&epoch=2");

struct Form {
  const char* file;
  const char* path;
};
constexpr Form kForms[] = {{"rpmdb.sqlite", "usr/lib/sysimage/rpm/rpmdb.sqlite"},
                           {"Packages.db", "usr/lib/sysimage/rpm/Packages.db"},
                           {"Packages", "var/lib/rpm/Packages"}};

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

/// A header of texts alone.
std::string header(const std::vector<std::pair<std::uint32_t, std::string>>& texts) {
  std::string table;
  std::string data;
  for (const auto& [tag, text] : texts) {
    table += number(tag) + number(6) + number(static_cast<std::uint32_t>(data.size())) + number(1);
    data += text + '\0';
  }
  return number(static_cast<std::uint32_t>(texts.size())) +
         number(static_cast<std::uint32_t>(data.size())) + table + data;
}

/// The record of a database that has one.
std::string ndb_of(const std::string& record) {
  const auto little = [](std::uint32_t value) {
    const auto big = number(value);
    return std::string(big.rbegin(), big.rend());
  };
  std::string page = "RpmP" + little(0) + little(1) + little(1) + little(2) + std::string(12, '\0');
  page += "Slot" + little(1) + little(256) + little(100);
  while (page.size() < 4096) page += "Slot" + std::string(12, '\0');
  return page + "BlbS" + little(1) + little(0) + little(static_cast<std::uint32_t>(record.size())) +
         record;
}

}  // namespace

TEST_CASE("rpm_scanner: databases in all of rpm's formats", "[sbom]") {
  SbomFixture f;
  for (const auto& form : kForms) {
    INFO(form.file);
    const auto list = f.scan({kFedora, {form.path, database(form.file)}});
    CHECK(list.gaps.empty());
    Urls found;
    for (const auto& package : list.packages) found.push_back(package.url.str());
    CHECK(found == Urls{kData, kHello, kMore, kTools});
    REQUIRE(!list.packages.empty());
    CHECK(list.packages[0].license == "Public Domain");
    CHECK(list.packages[0].supplier == "Hello Project");
    CHECK(list.packages[0].homepage == "https://hello.example");
    CHECK(list.packages[0].paths == std::set<std::string>{"/" + std::string(form.path)});
  }
}

TEST_CASE("rpm_scanner: what is committed in the write-ahead log counts", "[sbom]") {
  SbomFixture f;
  const std::string path = kForms[0].path;
  const auto log = database("rpmdb.sqlite-wal");
  CHECK(f.urls({kFedora, {path, database("rpmdb.sqlite")}, {path + "-wal", log}}) ==
        Urls{kData, kHello, kMore});
  // A damaged frame, or one that was not written whole, ends the log.
  auto damaged = log;
  damaged[200] = static_cast<char>(damaged[200] ^ 1);
  for (const auto& broken : {damaged, log.substr(0, 100), std::string("nonsense")}) {
    CHECK(f.urls({kFedora, {path, database("rpmdb.sqlite")}, {path + "-wal", broken}}).size() == 4);
  }
}

TEST_CASE("rpm_scanner: only where rpm keeps its database", "[sbom]") {
  SbomFixture f;
  CHECK(f.urls({{"root/var/lib/rpm/Packages", database("Packages")},
                {"var/lib/rpm/deep/Packages", database("Packages")},
                {"var/lib/rpm/Name", database("Packages")}})
            .empty());
}

TEST_CASE("rpm_scanner: a database that is cut or is none is a gap", "[sbom]") {
  SbomFixture f;
  for (const auto& form : kForms) {
    const auto whole = database(form.file);
    for (const auto& bytes : {whole.substr(0, 50), whole.substr(0, whole.size() - 1000),
                              std::string(5000, 'x'), std::string(5000, '\0')}) {
      const auto list = f.scan({{form.path, bytes}});
      REQUIRE(list.gaps.size() == 1);
      CHECK_THAT(list.gaps[0], Catch::StartsWith("/" + std::string(form.path) + " (rpm): "));
      CHECK(list.packages.size() < 4);
    }
  }
}

TEST_CASE("rpm_scanner: no damage of a database does harm", "[sbom]") {
  SbomFixture f;
  for (const auto& form : kForms) {
    const auto whole = database(form.file);
    for (std::size_t i = 0; i < whole.size(); i += whole.size() / 40) {
      auto changed = whole;
      for (auto at = i; at < std::min(i + 3, whole.size()); ++at) changed[at] = '\xff';
      CHECK(f.scan({{form.path, changed}}).packages.size() <= 4);
    }
  }
}

TEST_CASE("rpm_scanner: keys are no packages", "[sbom]") {
  SbomFixture f;
  const std::string path = kForms[1].path;
  CHECK(f.urls({{path, ndb_of(header({{1000, "gpg-pubkey"}, {1001, "1"}}))}}).empty());
  CHECK(f.urls({{path, ndb_of(header({{1000, "bash"}, {1001, "5.2"}, {1002, "1.el9"}}))},
                {"etc/os-release", "ID=rhel\n"}}) ==
        Urls{"pkg:rpm/redhat/bash@5.2-1.el9?distro=rhel"});
}

TEST_CASE("rpm_header: what is no header is none", "[sbom]") {
  const auto whole = header({{1000, "bash"}, {1001, "5.2"}, {1014, "(none)"}, {9999, "x"}});
  REQUIRE(builder::parse_rpm_header(whole));
  CHECK(builder::parse_rpm_header(whole)->version_release() == "5.2");
  CHECK(builder::parse_rpm_header(whole)->license.empty());
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK(!builder::parse_rpm_header(whole.substr(0, size)));
  CHECK(!builder::parse_rpm_header(header({{1001, "5.2"}})));
  CHECK(!builder::parse_rpm_header(header({{1000, ""}})));
  CHECK(!builder::parse_rpm_header(std::string(100, '\xff')));
  auto outside = whole;
  outside[8 + 11] = '\x7f';  // where the name is
  CHECK(!builder::parse_rpm_header(outside));
}
