#include "layers/blob_record.h"

#include <fmt/core.h>

#include <catch2/catch.hpp>

#include "image/manifest.h"
#include "image/media_types.h"
#include "layers/checksum64.h"

namespace ibuild::layers {

namespace {

const base::Digest kLayer = base::sha256_of("layer");

image::Descriptor gzip_blob() {
  image::Descriptor blob;
  blob.media_type = image::media_type::kOciLayerGzip;
  blob.digest = base::sha256_of("blob");
  blob.size_bytes = 4711;
  return blob;
}

}  // namespace

TEST_CASE("blob_record: reads back as it was written", "[layers]") {
  auto blob = gzip_blob();
  blob.annotations = {{"key", "value"}};
  CHECK(try_parse_blob_record(kLayer, to_blob_record(kLayer, blob), {}) == blob);
  // An older version reads the descriptor in it.
  CHECK(image::parse_descriptor(to_blob_record(kLayer, blob)) == blob);
}

TEST_CASE("blob_record: every cut and every changed bit is seen", "[layers]") {
  const auto text = to_blob_record(kLayer, gzip_blob());
  for (std::size_t at = 0; at < text.size(); ++at) {
    INFO("byte " << at);
    CHECK_FALSE(
        try_parse_blob_record(kLayer, text.substr(0, at), image::media_type::kOciLayerGzip));
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = text;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      CHECK_FALSE(try_parse_blob_record(kLayer, changed, image::media_type::kOciLayerGzip));
    }
  }
}

TEST_CASE("blob_record: that of another layer does not count, an older one names none",
          "[layers]") {
  const auto text = to_blob_record(kLayer, gzip_blob());
  CHECK_FALSE(
      try_parse_blob_record(base::sha256_of("other"), text, image::media_type::kOciLayerGzip));
  auto older = image::to_json(gzip_blob());
  older.pop_back();
  older += fmt::format(R"(,"sum":"{:016x}"}})", checksum64(older));
  CHECK(try_parse_blob_record(kLayer, older, {}) == gzip_blob());
}

TEST_CASE("blob_record: one without a sum counts when it is what its name says", "[layers]") {
  const auto blob = gzip_blob();
  const auto text = image::to_json(blob);
  CHECK(try_parse_blob_record(kLayer, text, image::media_type::kOciLayerGzip) == blob);
  CHECK_FALSE(try_parse_blob_record(kLayer, text, image::media_type::kOciLayerZstd));
  CHECK_FALSE(try_parse_blob_record(kLayer, text, {}));
  CHECK_FALSE(try_parse_blob_record(kLayer, text + " ", image::media_type::kOciLayerGzip));
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = text;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const auto read = try_parse_blob_record(kLayer, changed, image::media_type::kOciLayerGzip);
      // Of a changed digest or size there is no blob.
      const bool is_found_out =
          !read || read->digest != blob.digest || read->size_bytes != blob.size_bytes;
      INFO(changed);
      CHECK(is_found_out);
    }
  }
}

}  // namespace ibuild::layers
