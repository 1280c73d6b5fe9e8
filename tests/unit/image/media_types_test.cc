#include "image/media_types.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild;
using namespace ibuild::image;
using image::media_type::LayerCompression;

TEST_CASE("media_types: indexes and manifests of OCI and Docker", "[image]") {
  CHECK(media_type::is_index(media_type::kOciIndex));
  CHECK(media_type::is_index(media_type::kDockerList));
  CHECK_FALSE(media_type::is_index(media_type::kOciManifest));
  CHECK(media_type::is_manifest(media_type::kOciManifest));
  CHECK(media_type::is_manifest(media_type::kDockerManifest));
  CHECK_FALSE(media_type::is_manifest(media_type::kDockerList));
  CHECK_FALSE(media_type::is_manifest(""));
}

TEST_CASE("media_types: compression of layer types", "[image]") {
  struct Case {
    const char* type;
    LayerCompression compression;
  };
  const auto c = GENERATE(
      Case{"application/vnd.oci.image.layer.v1.tar", LayerCompression::none},
      Case{"application/vnd.oci.image.layer.v1.tar+gzip", LayerCompression::gzip},
      Case{"application/vnd.oci.image.layer.v1.tar+zstd", LayerCompression::zstd},
      Case{"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", LayerCompression::gzip},
      Case{"application/vnd.docker.image.rootfs.diff.tar", LayerCompression::none},
      Case{"application/vnd.docker.image.rootfs.diff.tar.gzip", LayerCompression::gzip},
      Case{"application/vnd.docker.image.rootfs.diff.tar.zstd", LayerCompression::zstd},
      Case{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", LayerCompression::gzip});
  CHECK(media_type::layer_compression(c.type) == c.compression);
}

TEST_CASE("media_types: what is no layer or unknown is refused by name", "[image]") {
  CHECK_THROWS_AS(media_type::layer_compression(media_type::kOciConfig), base::ContentError);
  CHECK_THROWS_AS(media_type::layer_compression(""), base::ContentError);
  CHECK_THROWS_WITH(media_type::layer_compression("application/vnd.oci.image.layer.v1.tar+xz"),
                    Catch::Contains("application/vnd.oci.image.layer.v1.tar+xz"));
}

TEST_CASE("media_types: the OCI layer type of a compression leads back to it", "[image]") {
  const auto compression =
      GENERATE(LayerCompression::none, LayerCompression::gzip, LayerCompression::zstd);
  CHECK(media_type::layer_compression(media_type::oci_layer_type(compression)) == compression);
}
