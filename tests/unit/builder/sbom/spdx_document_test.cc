#include "builder/sbom/spdx_document.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "image/manifest.h"
#include "tests/support/spdx_check.h"
#include "tests/unit/builder/sbom/sbom_fixture.h"

using namespace ibuild;
using Json = nlohmann::ordered_json;
using test::SbomFixture;

namespace {

const std::vector<test::FakeFile> kFiles = {
    {"var/lib/dpkg/status",
     "Package: bash\nVersion: 5\nMaintainer: Matthias <doko@debian.org>\n"
     "Homepage: not a url\n\nPackage: dash\nVersion: 1\nMaintainer: Debian Team <d@d>\n"},
    {"node_modules/x/package.json", R"({"name":"x","version":"1","license":"My own"})"}};

std::string document_of(const builder::PackageList& list, const std::string& name = "app:1") {
  return builder::to_spdx_json(
      {.name = name,
       .tool = "ibuild-test",
       .created = base::TimePoint(std::chrono::milliseconds(1'700'000'000'123)),
       .list = list});
}

bool is_spdx_id(const std::string& id) {
  return id.starts_with("SPDXRef-") &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
             std::string::npos;
}

}  // namespace

TEST_CASE("spdx_document: all that SPDX 2.3 demands is there", "[sbom]") {
  SbomFixture f;
  const auto document = Json::parse(document_of(f.scan(kFiles)));
  CHECK(document.at("spdxVersion") == "SPDX-2.3");
  CHECK(document.at("dataLicense") == "CC0-1.0");
  CHECK(document.at("SPDXID") == "SPDXRef-DOCUMENT");
  CHECK(document.at("name") == "app:1");
  CHECK(document.at("documentNamespace")
            .get<std::string>()
            .starts_with("https://spdx.org/spdxdocs/app-1-"));
  CHECK(document.at("creationInfo").at("created") == "2023-11-14T22:13:20Z");
  CHECK(document.at("creationInfo").at("creators") == Json{"Tool: ibuild-test"});
  CHECK(!document.contains("comment"));

  std::set<std::string> ids;
  for (const auto& package : document.at("packages")) {
    CHECK(is_spdx_id(package.at("SPDXID")));
    CHECK(ids.insert(package.at("SPDXID")).second);
    CHECK(!package.at("name").get<std::string>().empty());
    CHECK(package.at("downloadLocation") == "NOASSERTION");
    CHECK(package.at("filesAnalyzed") == false);
  }
  CHECK(ids.size() == 4);
  REQUIRE(document.at("relationships").size() == 4);
  CHECK(document.at("relationships")[0] ==
        Json::parse(R"({"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES",
                        "relatedSpdxElement":"SPDXRef-Image"})"));
  for (const auto& one : document.at("relationships"))
    CHECK(ids.contains(one.at("relatedSpdxElement")));
}

TEST_CASE("spdx_document: whatever packages say, the document is valid", "[sbom]") {
  SbomFixture f;
  const auto mistakes = [](const std::string& json) { return test::spdx_mistakes(json); };
  CHECK(mistakes(document_of(f.scan(kFiles))).empty());
  CHECK(mistakes(document_of({})).empty());
  std::string status;
  for (int i = 0; i < 300; ++i) {
    const auto number = std::to_string(i);
    status += "Package: p" + number + "\nVersion: 1:" + number + "~b+c\nArchitecture: amd64\n\n";
  }
  std::vector<test::FakeFile> files = {
      {"var/lib/dpkg/status", status + "Package: \xff\xfe \x01\n"}};
  for (const char* license :
       {"MIT", "(MIT OR", "my own, really", "GPL-2.0-or-later WITH Classpath-exception-2.0", "\xff",
        "MIT AND (ISC OR 0BSD)", ")", "LicenseRef-x", "NONE", " ", "Ünïcode"}) {
    const Json package = {{"name", "x" + std::to_string(files.size())}, {"license", license}};
    files.push_back({"node_modules/m" + std::to_string(files.size()) + "/package.json",
                     package.dump(-1, ' ', false, Json::error_handler_t::replace)});
  }
  CHECK(mistakes(document_of(f.scan(files))) == std::vector<std::string>{});

  // The check itself sees what is wrong.
  auto broken = Json::parse(document_of(f.scan(kFiles)));
  broken["packages"][1]["SPDXID"] = broken["packages"][2]["SPDXID"];
  broken["hasExtractedLicensingInfos"].clear();
  broken.erase("documentNamespace");
  CHECK(mistakes(broken.dump()).size() == 4);
}

TEST_CASE("spdx_document: what a package says of itself", "[sbom]") {
  SbomFixture f;
  const auto document = Json::parse(document_of(f.scan(kFiles)));
  const auto& bash = document.at("packages")[1];
  CHECK(bash.at("name") == "bash");
  CHECK(bash.at("versionInfo") == "5");
  CHECK(bash.at("supplier") == "Person: Matthias (doko@debian.org)");
  CHECK(bash.at("sourceInfo") == "found in /var/lib/dpkg/status");
  CHECK(bash.at("licenseDeclared") == "NOASSERTION");
  CHECK(!bash.contains("homepage"));
  CHECK(bash.at("externalRefs")[0] ==
        Json::parse(R"({"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl",
                        "referenceLocator":"pkg:deb/debian/bash@5"})"));
  CHECK(document.at("packages")[2].at("supplier") == "Organization: Debian Team (d@d)");
  const auto license = document.at("packages")[3].at("licenseDeclared").get<std::string>();
  CHECK(license.starts_with("LicenseRef-My-own"));
  REQUIRE(document.at("hasExtractedLicensingInfos").size() == 1);
  CHECK(document.at("hasExtractedLicensingInfos")[0].at("licenseId") == license);
  CHECK(document.at("hasExtractedLicensingInfos")[0].at("extractedText") == "My own");
}

TEST_CASE("spdx_document: its namespace is that of its content", "[sbom]") {
  SbomFixture f;
  const auto space = [](const std::string& text) {
    return Json::parse(text).at("documentNamespace").get<std::string>();
  };
  const auto list = f.scan(kFiles);
  CHECK(document_of(list) == document_of(f.scan(kFiles)));
  CHECK(space(document_of(list)) != space(document_of({})));
  CHECK(space(document_of(list)) != space(document_of(list, "other")));
}

TEST_CASE("spdx_document: gaps are told, and names need not be UTF-8", "[sbom]") {
  builder::PackageList list;
  list.gaps = {"/a: too large"};
  list.packages.push_back({.url = {.type = "deb", .name = "\xff\xfe"}, .paths = {"/\xff"}});
  const auto document = Json::parse(document_of(list, "\xff"));
  CHECK_THAT(document.at("comment").get<std::string>(), Catch::Contains("/a: too large"));
  CHECK(is_spdx_id(document.at("packages")[1].at("SPDXID")));
}

TEST_CASE("spdx_document: a build attaches it before the provenance", "[sbom]") {
  SbomFixture f;
  f.images.add("base:1", kFiles);
  f.request.attestations.sbom = true;
  f.request.attestations.provenance.emplace();
  const auto result = f.build("FROM base:1\nLABEL a=b\n");
  const auto read = [&](const base::Digest& digest) { return f.store->content().read(digest); };
  const auto index = image::parse_index(read(result.image.digest));
  const auto manifest = image::parse_manifest(read(index.manifests.at(1).digest));
  REQUIRE(manifest.layers.size() == 2);
  const auto statement = Json::parse(read(manifest.layers[0].digest));
  CHECK(statement.at("predicateType") == "https://spdx.dev/Document");
  CHECK(statement.at("predicate").at("packages").size() == 4);
  CHECK(statement.at("subject")[0].at("digest").at("sha256") == index.manifests[0].digest.hex());
  CHECK(Json::parse(read(manifest.layers[1].digest)).at("predicateType") ==
        "https://slsa.dev/provenance/v1");
  CHECK(f.build("FROM base:1\nLABEL a=b\n").image.digest == result.image.digest);
}
