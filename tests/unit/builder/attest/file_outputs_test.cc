#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/fs_at.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using ibuild::test::BuildFixture;
using Json = nlohmann::ordered_json;

namespace {

struct Fixture : BuildFixture {
  Fixture() {
    request.attestations.provenance.emplace();
    images.add("base:1", {{"bin/sh", "sh"}});
  }
  std::string dest(const std::string& name = "out") const { return out.host_path() + "/" + name; }
  std::string read(const std::string& name) const {
    return base::read_host_file(dest() + "/" + name, 1 << 20);
  }
  base::TempDir out = test::make_scratch_dir();
};

/// Digests by the names of the subjects.
std::map<std::string, std::string> subjects_of(const Json& statement) {
  std::map<std::string, std::string> subjects;
  for (const auto& subject : statement.at("subject"))
    subjects[subject.at("name")] = subject.at("digest").at("sha256");
  return subjects;
}

}  // namespace

TEST_CASE("file_outputs: statements about the files lie beside them", "[attest]") {
  Fixture f;
  f.write("a", "content");
  f.request.outputs = {{"local", {{"dest", f.dest()}}}};
  f.build("FROM base:1\nCOPY a /dir/a\n");
  CHECK(f.read("dir/a") == "content");
  const auto statement = Json::parse(f.read("provenance.json"));
  CHECK(statement.at("predicateType") == "https://slsa.dev/provenance/v1");
  CHECK(subjects_of(statement) == std::map<std::string, std::string>{
                                      {"bin/sh", std::string(base::sha256_of("sh").hex())},
                                      {"dir/a", std::string(base::sha256_of("content").hex())}});
}

TEST_CASE("file_outputs: names of statements", "[attest]") {
  Fixture f;
  f.request.attestations.provenance->file_name = "how.json";
  f.request.outputs = {{"local", {{"dest", f.dest()}, {"attestation-prefix", "of-app."}}}};
  f.build("FROM base:1\n");
  CHECK(Json::parse(f.read("of-app.how.json")).contains("predicate"));

  f.request.outputs = {{"local", {{"dest", f.dest()}, {"attestation-prefix", "a/b"}}}};
  CHECK_THROWS_AS(f.build("FROM base:1\n"), base::UsageError);
}

TEST_CASE("file_outputs: a file of the image keeps its name", "[attest]") {
  Fixture f;
  f.write("provenance.json", "mine");
  f.request.outputs = {{"local", {{"dest", f.dest()}}}};
  CHECK_THROWS_WITH(f.build("FROM scratch\nCOPY provenance.json /\n"),
                    Catch::Contains("provenance.json"));
}

TEST_CASE("file_outputs: each platform has its own", "[attest]") {
  Fixture f;
  const auto other = image::parse_platform("linux/s390x");
  f.images.add_for(image::host_platform(), "multi:1", {{"a", "a"}});
  f.images.add_for(other, "multi:1", {{"b", "b"}});
  f.request.platforms = {image::host_platform(), other};
  f.request.outputs = {{"local", {{"dest", f.dest()}}}};
  f.build("FROM multi:1\n");
  CHECK(subjects_of(Json::parse(f.read("linux_s390x/provenance.json"))).contains("b"));

  f.request.outputs = {{"local", {{"dest", f.dest()}, {"platform-split", "false"}}}};
  f.build("FROM multi:1\n");
  CHECK(subjects_of(Json::parse(f.read("provenance.linux_s390x.json"))).contains("b"));
}

TEST_CASE("file_outputs: inline-only ones are no files", "[attest]") {
  Fixture f;
  f.request.attestations.provenance->inline_only = true;
  f.request.outputs = {{"local", {{"dest", f.dest()}}}};
  f.build("FROM base:1\n");
  CHECK(!base::try_read_host_file(f.dest() + "/provenance.json", 1 << 20));
}

TEST_CASE("file_outputs: an OCI layout has all that its index names", "[attest]") {
  Fixture f;
  f.request.outputs = {{"oci", {{"dest", f.dest()}, {"tar", "false"}}}};
  const auto result = f.build("FROM base:1\n");
  const auto read = [&](const std::string& digest) {
    return f.read("blobs/sha256/" + digest.substr(7));
  };
  const auto index = Json::parse(read(result.image.digest.str()));
  REQUIRE(index.at("manifests").size() == 2);
  const auto manifest = Json::parse(read(index.at("manifests")[1].at("digest")));
  CHECK(read(manifest.at("config").at("digest")) == "{}");
  CHECK(Json::parse(read(manifest.at("layers")[0].at("digest"))).contains("predicate"));
}
