#include "builder/remote/manifest_choice.h"

#include <catch2/catch.hpp>
#include <map>

#include "base/error.h"
#include "image/config.h"
#include "image/media_types.h"

using namespace ibuild;

namespace {

/// Documents by digest.
class Documents {
 public:
  image::Descriptor add(std::string_view media_type, const std::string& json) {
    image::Descriptor descriptor;
    descriptor.media_type = media_type;
    descriptor.digest = base::sha256_of(json);
    descriptor.size_bytes = json.size();
    texts_[descriptor.digest] = json;
    return descriptor;
  }
  image::Descriptor add_image(const std::string& platform) {
    image::ImageConfig config;
    config.platform = image::parse_platform(platform);
    image::Manifest manifest;
    manifest.media_type = image::media_type::kOciManifest;
    manifest.config = add(image::media_type::kOciConfig, image::to_json(config));
    return add(manifest.media_type, image::to_json(manifest));
  }
  image::Descriptor add_image_with_platform(const std::string& platform) {
    auto descriptor = add_image(platform);
    descriptor.platform = image::parse_platform(platform);
    return descriptor;
  }
  image::Descriptor add_index(const std::vector<image::Descriptor>& entries) {
    image::Index index;
    index.media_type = image::media_type::kOciIndex;
    index.manifests = entries;
    return add(index.media_type, image::to_json(index));
  }
  void remove(const image::Descriptor& descriptor) { texts_.erase(descriptor.digest); }
  remote::DocumentReader reader() {
    return [this](const image::Descriptor& document) -> std::optional<std::string> {
      ++reads;
      const auto found = texts_.find(document.digest);
      if (found == texts_.end()) return std::nullopt;
      return found->second;
    };
  }
  int reads = 0;

 private:
  std::map<base::Digest, std::string> texts_;
};

base::Digest choose(Documents& documents, const image::Descriptor& top,
                    const std::string& platform) {
  const auto chosen =
      remote::choose_manifest(top, image::parse_platform(platform), documents.reader());
  return chosen ? chosen->descriptor.digest : base::Digest();
}

}  // namespace

TEST_CASE("manifest_choice: a manifest is taken whatever its platform", "[remote]") {
  Documents documents;
  const auto image = documents.add_image("linux/arm64");
  CHECK(choose(documents, image, "linux/amd64") == image.digest);
}

TEST_CASE("manifest_choice: the entry for the platform is taken from an index", "[remote]") {
  Documents documents;
  const auto amd64 = documents.add_image_with_platform("linux/amd64");
  const auto arm64 = documents.add_image_with_platform("linux/arm64");
  const auto top = documents.add_index({amd64, arm64});
  CHECK(choose(documents, top, "linux/arm64") == arm64.digest);
  CHECK(choose(documents, top, "linux/amd64") == amd64.digest);
}

TEST_CASE("manifest_choice: only what is chosen is read", "[remote]") {
  Documents documents;
  const auto amd64 = documents.add_image_with_platform("linux/amd64");
  const auto arm64 = documents.add_image_with_platform("linux/arm64");
  const auto top = documents.add_index({amd64, arm64});
  documents.remove(arm64);
  CHECK(choose(documents, top, "linux/amd64") == amd64.digest);
  CHECK(documents.reads == 2);
}

TEST_CASE("manifest_choice: a nested index is looked into", "[remote]") {
  Documents documents;
  const auto arm64 = documents.add_image_with_platform("linux/arm64");
  const auto inner = documents.add_index({arm64});
  const auto top = documents.add_index({documents.add_image_with_platform("linux/amd64"), inner});
  CHECK(choose(documents, top, "linux/arm64") == arm64.digest);
}

TEST_CASE("manifest_choice: an entry without platform is judged by its config", "[remote]") {
  Documents documents;
  const auto amd64 = documents.add_image("linux/amd64");
  const auto top = documents.add_index({documents.add_image("linux/arm64"), amd64});
  CHECK(choose(documents, top, "linux/amd64") == amd64.digest);
}

TEST_CASE("manifest_choice: attestations are never chosen", "[remote]") {
  Documents documents;
  auto attestation = documents.add_image("linux/amd64");
  attestation.platform = image::Platform{.os = "unknown",
                                         .architecture = "unknown",
                                         .variant = {},
                                         .os_version = {},
                                         .os_features = {}};
  const auto top = documents.add_index({attestation});
  CHECK_THROWS_WITH(choose(documents, top, "linux/amd64"), Catch::Contains("none at all"));
}

TEST_CASE("manifest_choice: a missing platform is an error that lists what there is", "[remote]") {
  Documents documents;
  const auto top = documents.add_index({documents.add_image_with_platform("linux/amd64"),
                                        documents.add_image_with_platform("linux/arm64")});
  CHECK_THROWS_WITH(choose(documents, top, "linux/s390x"),
                    Catch::Contains("linux/s390x") && Catch::Contains("linux/amd64, linux/arm64"));
}

TEST_CASE("manifest_choice: a document that is not there is no error", "[remote]") {
  Documents documents;
  const auto amd64 = documents.add_image_with_platform("linux/amd64");
  const auto top = documents.add_index({amd64});
  documents.remove(amd64);
  CHECK(choose(documents, top, "linux/amd64").empty());
}

TEST_CASE("manifest_choice: endless nesting is refused", "[remote]") {
  Documents documents;
  auto top = documents.add_index({documents.add_image_with_platform("linux/amd64")});
  for (int i = 0; i < remote::kMaxIndexDepth; ++i) top = documents.add_index({top});
  CHECK_THROWS_AS(choose(documents, top, "linux/amd64"), base::ContentError);
}

TEST_CASE("manifest_choice: an index that makes us read everything is refused", "[remote]") {
  Documents documents;
  std::vector<image::Descriptor> entries(remote::kMaxDocuments, documents.add_image("linux/arm64"));
  const auto top = documents.add_index(entries);
  CHECK_THROWS_AS(choose(documents, top, "linux/amd64"), base::ContentError);
}
