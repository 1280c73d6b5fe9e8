#include "registry/referrers.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

using Lines = std::vector<std::string>;

const base::Digest kSubject = base::sha256_of("subject");

image::Descriptor referrer(const std::string& content, const std::string& type) {
  return {.media_type = std::string(image::media_type::kOciManifest),
          .digest = base::sha256_of(content),
          .size_bytes = content.size(),
          .artifact_type = type};
}

FakeAnswer index_of(std::vector<image::Descriptor> entries) {
  image::Index index;
  index.media_type = image::media_type::kOciIndex;
  index.manifests = std::move(entries);
  return {200, {{"Content-Type", index.media_type}}, image::to_json(index)};
}

image::Reference subject() {
  auto name = reference("r.io", "a/b", "");
  name.digest = kSubject;
  return name;
}

std::size_t count_found(FakeNetwork& net, const std::string& type = {}) {
  return net.client->list_referrers(subject(), type).size();
}

std::string signature_of_subject() {
  image::Manifest manifest;
  manifest.media_type = image::media_type::kOciManifest;
  manifest.artifact_type = "test/signature";
  manifest.config = {.media_type = "application/vnd.oci.empty.v1+json",
                     .digest = base::sha256_of("{}"),
                     .size_bytes = 2};
  manifest.subject = {.media_type = std::string(image::media_type::kOciManifest),
                      .digest = kSubject,
                      .size_bytes = 7};
  manifest.annotations = {{"by", "alice"}};
  return image::to_json(manifest);
}

const std::string kTag = "sha256-" + std::string(kSubject.hex());

}  // namespace

TEST_CASE("referrers: all pages of the API, once each, sorted", "[registry]") {
  FakeNetwork net([](const SeenRequest& request) {
    if (request.url.ends_with("page=2")) return index_of({referrer("b", "y"), referrer("a", "x")});
    FakeAnswer answer = index_of({referrer("a", "x")});
    answer.headers.add("Link", "</v2/a/b/referrers/" + kSubject.str() + "?page=2>; rel=\"next\"");
    return answer;
  });
  const auto found = net.client->list_referrers(subject());
  REQUIRE(found.size() == 2);
  CHECK(found[0].digest.str() < found[1].digest.str());
  CHECK(net.log->lines() ==
        Lines{"GET https://r.io/v2/a/b/referrers/" + kSubject.str(),
              "GET https://r.io/v2/a/b/referrers/" + kSubject.str() + "?page=2"});
}

TEST_CASE("referrers: one type is asked for, and picked where the registry does not",
          "[registry]") {
  FakeNetwork net([](const SeenRequest&) {
    return index_of({referrer("a", "x/y"), referrer("b", "z")});
  });
  CHECK(count_found(net, "x/y") == 1);
  CHECK_THAT(net.log->lines()[0], Catch::EndsWith("?artifactType=x%2Fy"));
}

TEST_CASE("referrers: without the API the tag is looked at, and need not be there", "[registry]") {
  for (const int status : {404, 405, 406}) {
    FakeNetwork net([&](const SeenRequest& request) {
      if (request.url.find("/referrers/") != std::string::npos) return FakeAnswer{status};
      return request.url.ends_with("/manifests/" + kTag) ? index_of({referrer("a", "x")})
                                                         : FakeAnswer{404};
    });
    CHECK(count_found(net) == 1);
  }
  FakeNetwork page([](const SeenRequest& request) {
    if (request.url.find("/referrers/") == std::string::npos) return FakeAnswer{404};
    return FakeAnswer{200, {{"Content-Type", "text/html"}}, "<html>"};
  });
  CHECK(count_found(page) == 0);
}

TEST_CASE("referrers: refusals and broken lists are told", "[registry]") {
  FakeNetwork refusing([](const SeenRequest&) { return FakeAnswer{403}; });
  CHECK_THAT(registry_error_of([&] { count_found(refusing); }), Catch::Contains("403"));
  FakeNetwork broken([](const SeenRequest&) {
    return FakeAnswer{200, {{"Content-Type", "application/vnd.oci.image.index.v1+json"}}, "{"};
  });
  CHECK_THROWS_AS(count_found(broken), base::ContentError);
}

TEST_CASE("referrers: a pushed referrer is written into the tag where nobody lists it",
          "[registry]") {
  std::string stand_in;  // what the registry has under the tag
  FakeNetwork net([&](const SeenRequest& request) {
    if (!request.url.ends_with("/manifests/" + kTag)) return FakeAnswer{201};
    if (request.method == "PUT") {
      stand_in = request.body;
      return FakeAnswer{201};
    }
    if (stand_in.empty()) return FakeAnswer{404};
    return FakeAnswer{200, {{"Content-Type", "application/vnd.oci.image.index.v1+json"}}, stand_in};
  });
  const auto push = [&] {
    net.client->push_manifest(reference("r.io", "a/b", "sig"), image::media_type::kOciManifest,
                              signature_of_subject());
  };
  push();
  const auto index = image::parse_index(stand_in);
  REQUIRE(index.manifests.size() == 1);
  CHECK(index.manifests[0].digest == base::sha256_of(signature_of_subject()));
  CHECK(index.manifests[0].artifact_type == "test/signature");
  CHECK(index.manifests[0].annotations == image::Annotations{{"by", "alice"}});
  push();
  CHECK(image::parse_index(stand_in).manifests.size() == 1);
}

TEST_CASE("referrers: a registry that lists referrers itself needs no tag", "[registry]") {
  FakeNetwork net([](const SeenRequest&) {
    return FakeAnswer{201, {{"OCI-Subject", kSubject.str()}}};
  });
  net.client->push_manifest(reference("r.io", "a/b", "sig"), image::media_type::kOciManifest,
                            signature_of_subject());
  CHECK(net.log->requests.size() == 1);
}
