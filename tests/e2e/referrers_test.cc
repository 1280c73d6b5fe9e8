#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "image/manifest.h"
#include "image/media_types.h"
#include "registry/registry_client.h"
#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/e2e/support/web_server.h"

using namespace ibuild;
using namespace ibuild::e2e;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::string_view kEmpty = "{}";

image::Descriptor empty_config() {
  return {.media_type = "application/vnd.oci.empty.v1+json",
          .digest = base::sha256_of(kEmpty),
          .size_bytes = kEmpty.size()};
}

std::string artifact_about(const image::Descriptor& subject, const std::string& type) {
  image::Manifest artifact{.media_type = std::string(image::media_type::kOciManifest),
                           .artifact_type = type,
                           .config = empty_config(),
                           .layers = {empty_config()}};
  artifact.subject = subject;
  artifact.annotations = {{"about", "the image"}};
  return image::to_json(artifact);
}

/// Pushes an artifact that refers to `name`; gives its digest.
std::string push_artifact(const std::string& name, const std::string& type) {
  const auto client = registry::make_registry_client({});
  auto reference = image::parse_reference(name);
  const auto subject = client->resolve(reference).value();
  client->push_blob(reference, empty_config(),
                    [] { return std::make_unique<base::StringSource>(kEmpty); });
  const auto artifact = artifact_about(subject, type);
  reference.tag.clear();
  reference.digest = base::sha256_of(artifact);
  return client->push_manifest(reference, image::media_type::kOciManifest, artifact).str();
}

}  // namespace

TEST_CASE("referrers: listed out of the stand-in tag of a registry without the API", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  const auto name = server.host() + "/team/app";
  push_image(machine, name + ":1", "one\n");
  const auto subject = remote_digest(machine, name + ":1");
  const auto none = Json::parse(machine.must({"ls", "--referrers", "--format=json", name + ":1"}));
  CHECK(none == Json{{"Name", name + ":1"}, {"Digest", subject}, {"Referrers", Json::array()}});

  const auto signature = push_artifact(name + ":1", "test/signature");
  const auto sbom = push_artifact(name + ":1", "test/sbom");
  CHECK(machine.must({"ls", name}) == "1\nsha256-" + subject.substr(7));
  const auto shown = machine.must({"ls", "--referrers", name + ":1"});
  CHECK_THAT(shown, Catch::Contains(signature) && Catch::Contains(sbom));
  CHECK_THAT(shown, Catch::Contains("test/signature") && Catch::Contains("test/sbom"));

  const auto signatures =
      Json::parse(machine.must({"ls", "--referrers", "--artifact-type", "test/signature",
                                "--format", "json", name + "@" + subject}));
  REQUIRE(signatures.at("Referrers").size() == 1);
  const auto& only = signatures.at("Referrers")[0];
  CHECK(only.at("Digest") == signature);
  CHECK(only.at("ArtifactType") == "test/signature");
  CHECK(only.at("Annotations") == Json{{"about", "the image"}});
}

TEST_CASE("referrers: listed by a registry with the API", "[e2e]") {
  WebServer server;
  const auto image = artifact_about(empty_config(), "test/any");
  const image::Descriptor subject{.media_type = std::string(image::media_type::kOciManifest),
                                  .digest = base::sha256_of(image),
                                  .size_bytes = image.size()};
  server.put("/v2/app/manifests/1", {image, {{"Content-Type", subject.media_type}}});
  image::Index list{.media_type = std::string(image::media_type::kOciIndex)};
  list.manifests.push_back(subject);
  list.manifests.back().artifact_type = "test/sbom";
  server.put("/v2/app/referrers/" + subject.digest.str(),
             {image::to_json(list), {{"Content-Type", list.media_type}}});

  const Machine machine;
  const auto shown = machine.must({"ls", "--referrers", server.host() + "/app:1"});
  CHECK_THAT(shown, Catch::Contains(subject.digest.str()) && Catch::Contains("test/sbom"));
  CHECK(server.log().back() == "GET /v2/app/referrers/" + subject.digest.str() + " 200");
}

TEST_CASE("referrers: wrong use and images that are not there", "[e2e]") {
  const WebServer server;
  const Machine machine;
  const auto name = server.host() + "/app:1";
  CHECK(machine.ibuild({"ls", "--artifact-type", "x/y", server.host() + "/app"}).code == 2);
  const auto missing = machine.ibuild({"ls", "--referrers", name});
  CHECK(missing.code == 1);
  CHECK_THAT(missing.err, Catch::Contains("has no image " + name));
}
