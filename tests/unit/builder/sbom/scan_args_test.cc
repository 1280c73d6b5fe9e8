#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/fs_at.h"
#include "image/manifest.h"
#include "tests/unit/builder/sbom/sbom_fixture.h"

using namespace ibuild;
using Json = nlohmann::json;
using Names = std::vector<std::string>;

namespace {

constexpr const char* kImage = "example.com/test:1";  // its name

std::string package_json(const std::string& name) {
  return R"({"name":")" + name + R"(","version":"1.0"})";
}

/// base:1 has the package "based", the context "local" and one that is ignored.
struct ScanFixture : test::SbomFixture {
  ScanFixture() {
    images.add("base:1",
               {{"bin/sh", "sh"}, {"node_modules/based/package.json", package_json("based")}});
    write("node_modules/local/package.json", package_json("local"));
    write("node_modules/ignored/package.json", package_json("ignored"));
    request.ignore_file = "node_modules/ignored\n";
    request.attestations.sbom = true;
  }
  /// The SBOMs of the image, in their order.
  std::vector<Json> documents(const std::string& dockerfile) {
    const auto result = build(dockerfile);
    const auto read = [&](const base::Digest& digest) { return store->content().read(digest); };
    const auto index = image::parse_index(read(result.image.digest));
    const auto manifest = image::parse_manifest(read(index.manifests.at(1).digest));
    std::vector<Json> documents;
    for (const auto& layer : manifest.layers) {
      const auto statement = Json::parse(read(layer.digest));
      CHECK(statement.at("predicateType") == "https://spdx.dev/Document");
      CHECK(statement.at("subject")[0].at("digest").at("sha256") ==
            index.manifests[0].digest.hex());
      documents.push_back(statement.at("predicate"));
    }
    return documents;
  }
  Names names(const std::string& dockerfile) {
    Names names;
    for (const auto& document : documents(dockerfile)) names.push_back(document.at("name"));
    return names;
  }
};

/// The packages in it, without the one that stands for the whole.
Names packages_of(const Json& document) {
  Names names;
  for (const auto& package : document.at("packages")) {
    if (package.contains("externalRefs") && package.at("name") != document.at("name"))
      names.push_back(package.at("name"));
  }
  return names;
}

const std::string kStages =
    "FROM base:1 AS tools\nARG BUILDKIT_SBOM_SCAN_STAGE\nRUN tools\n"
    "FROM base:1 AS unused\nARG BUILDKIT_SBOM_SCAN_STAGE=true\nRUN unused\n"
    "FROM scratch AS app\nARG BUILDKIT_SBOM_SCAN_CONTEXT\nCOPY --from=tools /bin/sh /sh\n";

}  // namespace

TEST_CASE("scan_args: stages and the context have documents of their own", "[sbom]") {
  ScanFixture f;
  CHECK(f.names(kStages) == Names{kImage});
  const auto documents = f.documents(
      "ARG BUILDKIT_SBOM_SCAN_STAGE=true\nARG BUILDKIT_SBOM_SCAN_CONTEXT=true\n" + kStages);
  REQUIRE(documents.size() == 3);
  CHECK(documents[0].at("name") == kImage);
  CHECK(packages_of(documents[0]).empty());
  CHECK(documents[1].at("name") == "sbom-context");
  CHECK(packages_of(documents[1]) == Names{"local"});
  CHECK(documents[2].at("name") == "sbom-tools");
  CHECK(packages_of(documents[2]) == Names{"based"});
}

TEST_CASE("scan_args: values are truth or names of stages; only an ARG takes them", "[sbom]") {
  ScanFixture f;
  const Names both = {kImage, "sbom-context", "sbom-tools"};
  f.request.build_args = {{"BUILDKIT_SBOM_SCAN_STAGE", "1"}, {"BUILDKIT_SBOM_SCAN_CONTEXT", "t"}};
  CHECK(f.names(kStages) == both);
  CHECK(f.names("FROM base:1 AS tools\nRUN tools\nFROM scratch\nCOPY --from=tools /bin/sh /\n") ==
        Names{kImage});
  f.request.build_args = {{"BUILDKIT_SBOM_SCAN_STAGE", "other,Tools"},
                          {"BUILDKIT_SBOM_SCAN_CONTEXT", "app"}};
  CHECK(f.names(kStages) == both);
  f.request.build_args = {{"BUILDKIT_SBOM_SCAN_STAGE", "other"},
                          {"BUILDKIT_SBOM_SCAN_CONTEXT", "false"}};
  CHECK(f.names(kStages) == Names{kImage});
}

TEST_CASE("scan_args: a stage can take back what is said for all", "[sbom]") {
  ScanFixture f;
  CHECK(f.names("ARG BUILDKIT_SBOM_SCAN_STAGE=true\n"
                "FROM base:1 AS one\nARG BUILDKIT_SBOM_SCAN_STAGE=false\nRUN one\n"
                "FROM base:1\nRUN two\n"
                "FROM scratch\nCOPY --from=one /bin/sh /one\nCOPY --from=1 /bin/sh /two\n") ==
        Names{kImage, "sbom-stage-1"});
}

TEST_CASE("scan_args: the image is the same with and without", "[sbom]") {
  ScanFixture f;
  f.request.build_args = {{"BUILDKIT_SBOM_SCAN_STAGE", "1"}, {"BUILDKIT_SBOM_SCAN_CONTEXT", "1"}};
  const auto digest = [&] {
    const auto result = f.build(kStages);
    return image::parse_index(f.store->content().read(result.image.digest)).manifests[0].digest;
  };
  const auto without = digest();
  f.request.attestations.sbom = false;
  f.request.attestations.provenance.emplace();
  CHECK(digest() == without);
}
