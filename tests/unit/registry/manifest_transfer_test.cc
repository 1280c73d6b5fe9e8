#include "registry/manifest_transfer.h"

#include <catch2/catch.hpp>

#include "image/media_types.h"
#include "tests/support/scripted_server.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

const std::string kManifest =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]})";
const std::string kType(image::media_type::kOciManifest);
using Lines = std::vector<std::string>;

HttpHeaders manifest_headers(const std::string& bytes) {
  return {{"Content-Type", kType},
          {"Content-Length", std::to_string(bytes.size())},
          {"Docker-Content-Digest", base::sha256_of(bytes).str()}};
}

FakeAnswer manifest_answer(const std::string& bytes = kManifest) {
  return {200, manifest_headers(bytes), bytes};
}

image::Reference by_digest(const std::string& bytes) {
  image::Reference name = reference("r.io", "a/b");
  name.digest = base::sha256_of(bytes);
  return name;
}

}  // namespace

TEST_CASE("manifest_transfer: HEAD tells the descriptor", "[registry]") {
  FakeNetwork net([](const SeenRequest&) { return manifest_answer(); });
  const auto descriptor = net.client->resolve(reference("docker.io", "library/python", "3.7"));
  REQUIRE(descriptor);
  CHECK(descriptor->media_type == kType);
  CHECK(descriptor->digest == base::sha256_of(kManifest));
  CHECK(descriptor->size_bytes == kManifest.size());
  CHECK(net.log->lines() ==
        Lines{"HEAD https://registry-1.docker.io/v2/library/python/manifests/3.7"});
  const std::string accept = net.log->requests[0].headers.get("Accept");
  CHECK(accept.find(std::string(image::media_type::kDockerList)) != std::string::npos);
  CHECK(net.log->requests[0].headers.get("User-Agent") == "ibuild");
}

TEST_CASE("manifest_transfer: GET where HEAD tells too little or is not served", "[registry]") {
  for (const FakeAnswer& head :
       {FakeAnswer{200, {{"Content-Type", kType}}}, FakeAnswer{405}, FakeAnswer{400}}) {
    FakeNetwork net([&](const SeenRequest& request) {
      return request.method == "HEAD" ? head : manifest_answer();
    });
    const auto descriptor = net.client->resolve(reference("r.io", "a"));
    REQUIRE(descriptor);
    CHECK(descriptor->digest == base::sha256_of(kManifest));
  }
}

TEST_CASE("manifest_transfer: nothing for 404, the words of GET for other errors", "[registry]") {
  FakeNetwork missing([](const SeenRequest&) { return FakeAnswer{404}; });
  CHECK_FALSE(missing.client->resolve(reference("r.io", "a")));
  FakeNetwork denied([](const SeenRequest& request) {
    return request.method == "HEAD"
               ? FakeAnswer{403}
               : FakeAnswer{403, {}, R"({"errors":[{"code":"DENIED","message":"go away"}]})"};
  });
  CHECK(registry_error_of([&] { denied.client->resolve(reference("r.io", "a")); }) ==
        "GET https://r.io/v2/a/manifests/1: 403 DENIED: go away (no credential) | "
        "the image may not exist, or needs a login: ibuild login r.io");
}

TEST_CASE("manifest_transfer: a fetched manifest is checked against name and header",
          "[registry]") {
  FakeNetwork good([](const SeenRequest&) { return manifest_answer(); });
  const FetchedManifest manifest = good.client->fetch_manifest(by_digest(kManifest));
  CHECK(manifest.bytes == kManifest);
  CHECK(manifest.descriptor.size_bytes == kManifest.size());

  FakeNetwork other([](const SeenRequest&) { return manifest_answer(kManifest + " "); });
  CHECK_THROWS_AS(other.client->fetch_manifest(by_digest(kManifest)), base::ContentError);
  CHECK_THROWS_AS(other.client->resolve(by_digest(kManifest)), base::ContentError);

  FakeNetwork lying([](const SeenRequest&) {
    return FakeAnswer{200, manifest_headers("something else"), kManifest};
  });
  CHECK_THROWS_AS(lying.client->fetch_manifest(reference("r.io", "a")), base::ContentError);
}

TEST_CASE("manifest_transfer: manifests of more than 4 MiB come and go", "[registry]") {
  const std::string large = R"({"schemaVersion":2,"config":{},"layers":[],"annotations":{"a":")" +
                            std::string(6 << 20, 'x') + "\"}}";
  std::string pushed;
  ScriptedServer server({[&](Conversation& talk) {
    for (std::string request; !(request = talk.read_request()).empty();) {
      if (request.starts_with("PUT ")) pushed = request.substr(request.find("\r\n\r\n") + 4);
      talk.answer(request.starts_with("PUT ") ? "201 Created" : "200 OK",
                  request.starts_with("PUT ") ? "" : large, "Content-Type: " + kType + "\r\n");
    }
  }});
  const auto client = make_registry_client({});
  const auto name = reference(server.host(), "a");
  CHECK(client->fetch_manifest(name).descriptor.digest == base::sha256_of(large));
  client->push_manifest(name, kType, large);
  CHECK(base::sha256_of(pushed) == base::sha256_of(large));
}

TEST_CASE("manifest_transfer: sha512 digests are checked too", "[registry]") {
  image::Reference name = reference("r.io", "a");
  name.digest = base::Digest::parse("sha512:" + std::string(128, 'a'));
  FakeNetwork net([](const SeenRequest&) { return manifest_answer(); });
  CHECK_THROWS_AS(net.client->fetch_manifest(name), base::ContentError);
}

TEST_CASE("manifest_transfer: the type comes from the document when the header tells none",
          "[registry]") {
  for (const auto& [body, type] : std::map<std::string, std::string>{
           {kManifest, kType},
           {R"({"manifests":[]})", std::string(image::media_type::kOciIndex)},
           {R"({"config":{}})", kType}}) {
    FakeNetwork net([&body = body](const SeenRequest&) {
      return FakeAnswer{200, {{"Content-Type", "application/json; charset=utf-8"}}, body};
    });
    CHECK(net.client->fetch_manifest(reference("r.io", "a")).descriptor.media_type == type);
  }
}

TEST_CASE("manifest_transfer: what is no manifest is refused", "[registry]") {
  FakeNetwork page([](const SeenRequest&) {
    return FakeAnswer{200, {{"Content-Type", "text/html"}}, "<html>welcome to the hotel wifi"};
  });
  CHECK(registry_error_of([&] {
          page.client->fetch_manifest(reference("r.io", "a"));
        }).find("the answer is no manifest but \"text/html\"") != std::string::npos);
  FakeNetwork packed([](const SeenRequest&) {
    return FakeAnswer{
        200, {{"Content-Type", kType}, {"Content-Encoding", "gzip"}}, "\x1f\x8b\x08..."};
  });
  CHECK(registry_error_of([&] {
          packed.client->fetch_manifest(reference("r.io", "a"));
        }).find("compresses manifests") != std::string::npos);
}

TEST_CASE("manifest_transfer: push sends the bytes as they are and checks the digest",
          "[registry]") {
  FakeNetwork net([](const SeenRequest& request) {
    return FakeAnswer{201, {{"Docker-Content-Digest", base::sha256_of(request.body).str()}}};
  });
  CHECK(net.client->push_manifest(reference("r.io", "a"), kType, kManifest) ==
        base::sha256_of(kManifest));
  CHECK(net.log->requests[0].line() == "PUT https://r.io/v2/a/manifests/1");
  CHECK(net.log->requests[0].body == kManifest);
  CHECK(net.log->requests[0].headers.get("Content-Type") == kType);

  FakeNetwork lying([](const SeenRequest&) {
    return FakeAnswer{201, {{"Docker-Content-Digest", base::sha256_of("x").str()}}};
  });
  CHECK_THROWS_AS(lying.client->push_manifest(reference("r.io", "a"), kType, kManifest),
                  base::ContentError);
}

TEST_CASE("manifest_transfer: a missing blob is named when a push is refused", "[registry]") {
  FakeNetwork net([](const SeenRequest&) {
    return FakeAnswer{
        404,
        {},
        R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry","detail":{"Digest":"sha256:ab"}}]})"};
  });
  CHECK(
      registry_error_of([&] { net.client->push_manifest(reference("r.io", "a"), kType, "{}"); }) ==
      "PUT https://r.io/v2/a/manifests/1: 404 MANIFEST_BLOB_UNKNOWN: blob unknown to registry "
      "{\"Digest\":\"sha256:ab\"} (no credential)");
}
