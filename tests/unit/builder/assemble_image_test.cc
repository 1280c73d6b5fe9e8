#include "builder/assemble_image.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/manifest.h"
#include "image/media_types.h"

using namespace ibuild;  // NOLINT: a test

namespace {

layers::Layer layer_of(std::string_view content, std::string_view media_type) {
  image::Descriptor blob{.media_type = std::string(media_type),
                         .digest = base::sha256_of(content),
                         .size_bytes = content.size()};
  blob.annotations["origin"] = "not ours";
  return {.diff_id = base::sha256_of(std::string("diff ") + std::string(content)),
          .blob = blob,
          .provider = {}};
}

image::ImageConfig config_of(const layers::LayerChain& chain) {
  image::ImageConfig config;
  config.platform = {
      .os = "linux", .architecture = "amd64", .variant = {}, .os_version = {}, .os_features = {}};
  for (const auto& layer : chain) config.diff_ids.push_back(layer.diff_id);
  return config;
}

}  // namespace

TEST_CASE("assemble_image: the manifest names config and layers by digest", "[builder]") {
  const layers::LayerChain chain{layer_of("one", image::media_type::kDockerLayerGzip)};
  const auto built = builder::assemble_image(config_of(chain), chain, builder::ImageFormat::oci);
  const auto manifest = image::parse_manifest(built.manifest_json);
  CHECK(built.manifest.digest == base::sha256_of(built.manifest_json));
  CHECK(manifest.config.digest == base::sha256_of(built.config_json));
  REQUIRE(manifest.layers.size() == 1);
  CHECK(manifest.layers[0].media_type == image::media_type::kOciLayerGzip);
  CHECK(manifest.layers[0].digest == base::sha256_of("one"));
  CHECK(manifest.layers[0].annotations.empty());
}

TEST_CASE("assemble_image: docker media types on demand", "[builder]") {
  const layers::LayerChain chain{layer_of("one", image::media_type::kOciLayer)};
  const auto built = builder::assemble_image(config_of(chain), chain, builder::ImageFormat::docker);
  const auto manifest = image::parse_manifest(built.manifest_json);
  CHECK(manifest.media_type == image::media_type::kDockerManifest);
  CHECK(manifest.config.media_type == image::media_type::kDockerConfig);
  CHECK(manifest.layers[0].media_type == image::media_type::kDockerLayer);
}

TEST_CASE("assemble_image: zstd has no docker media type", "[builder]") {
  const layers::LayerChain chain{layer_of("one", image::media_type::kOciLayerZstd)};
  CHECK_THROWS_AS(builder::assemble_image(config_of(chain), chain, builder::ImageFormat::docker),
                  base::UsageError);
}

TEST_CASE("assemble_image: layers that are not to be pushed keep their type on demand",
          "[builder]") {
  const std::string foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
  const layers::LayerChain chain{layer_of("one", foreign)};
  const auto type_with = [&](builder::ForeignLayers kept) {
    const auto built =
        builder::assemble_image(config_of(chain), chain, builder::ImageFormat::oci, {}, kept);
    return image::parse_manifest(built.manifest_json).layers.at(0).media_type;
  };
  CHECK(type_with(builder::ForeignLayers::adopted) == image::media_type::kOciLayerGzip);
  CHECK(type_with(builder::ForeignLayers::kept) == foreign);
}

TEST_CASE("assemble_image: equal values give equal bytes", "[builder]") {
  const layers::LayerChain chain{layer_of("one", image::media_type::kOciLayerGzip)};
  const auto first = builder::assemble_image(config_of(chain), chain, builder::ImageFormat::oci);
  const auto second = builder::assemble_image(config_of(chain), chain, builder::ImageFormat::oci);
  CHECK(first.manifest_json == second.manifest_json);
  CHECK(first.config_json == second.config_json);
}
