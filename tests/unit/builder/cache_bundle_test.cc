#include "builder/cache/cache_bundle.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "builder/cache/cache_document.h"
#include "builder/cache/cache_options.h"
#include "image/config.h"
#include "image/media_types.h"

using namespace ibuild;
using builder::CacheBundle;

namespace {

const base::TimePoint kTime(std::chrono::nanoseconds(1'700'000'000'000'000'000));

image::Descriptor blob(const std::string& name) {
  image::Descriptor descriptor;
  descriptor.media_type = image::media_type::kOciLayerGzip;
  descriptor.digest = base::sha256_of("blob " + name);
  descriptor.size_bytes = name.size();
  return descriptor;
}

CacheBundle sample() {
  CacheBundle bundle;
  bundle.records[base::sha256_of("1")] = {.layer = base::sha256_of("a"),
                                          .created = kTime,
                                          .stored = kTime + std::chrono::hours(1),
                                          .blob = blob("a")};
  bundle.records[base::sha256_of("2")] = {
      .layer = base::sha256_of("b"), .created = kTime, .stored = kTime};
  bundle.records[base::sha256_of("3")] = {.layer = {}, .created = kTime, .stored = kTime};
  bundle.mounts["pip"] = {{{base::sha256_of("p"), blob("p")}}};
  return bundle;
}

image::Manifest manifest_of(const CacheBundle& bundle) {
  image::Manifest manifest;
  manifest.config.media_type = builder::kCacheIndexType;
  manifest.layers = builder::blobs_of(bundle);
  return manifest;
}

/// The text with `from` replaced once.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("cache_bundle: what is written is read again", "[builder]") {
  const auto bundle = sample();
  CHECK(builder::parse_cache_bundle(builder::to_json(bundle)) == bundle);
  CHECK(builder::parse_cache_bundle(builder::to_json({})) == CacheBundle{});
  CHECK(builder::read_cache_document(manifest_of(bundle), builder::to_json(bundle)) == bundle);
}

TEST_CASE("cache_bundle: golden: the form does not change by accident", "[builder]") {
  CacheBundle bundle;
  bundle.records[base::sha256_of("1")] = {
      .layer = base::sha256_of("a"), .created = kTime, .stored = kTime, .blob = blob("a")};
  CHECK(builder::to_json(bundle) ==
        R"({"ibuildCache":1,"layers":[{"diffId":")" + base::sha256_of("a").str() +
            R"(","blob":{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":")" +
            blob("a").digest.str() + R"(","size":1}}],"records":[{"key":")" +
            base::sha256_of("1").str() + R"(","created":"2023-11-14T22:13:20Z","layer":0}]})");
}

TEST_CASE("cache_bundle: a hostile index is refused with the place", "[builder]") {
  const auto good = builder::to_json(sample());
  const auto refused = [](const std::string& text) {
    CHECK_THROWS_AS(builder::parse_cache_bundle(text), base::ContentError);
  };
  for (std::size_t length = 0; length < good.size(); length += 3) refused(good.substr(0, length));
  refused("[]");
  refused(with(good, R"("ibuildCache":1)", R"("ibuildCache":2)"));
  refused(with(good, R"("layer":0)", R"("layer":99)"));
  refused(with(good, R"("layer":0)", R"("layer":-1)"));
  refused(with(good, R"("size":1)", R"("size":-1)"));
  refused(with(good, R"("size":1)", R"("size":"1")"));
  refused(with(good, "sha256:", "sha512:"));
  refused(with(good, "sha256:", "../../../:"));
  refused(with(good, "2023-11-14", "2023-99-14"));
  refused(with(good, base::sha256_of("1").str(), base::sha256_of("2").str()));  // a key twice
  // A pack without bytes cannot be unpacked.
  refused(with(good, R"("packs":[)", R"("packs":[1,)"));
}

TEST_CASE("cache_bundle: blobs that the manifest does not name are refused", "[builder]") {
  const auto bundle = sample();
  auto manifest = manifest_of(bundle);
  const auto read = [&] {
    return builder::read_cache_document(manifest, builder::to_json(bundle));
  };
  SECTION("one is missing") { manifest.layers.pop_back(); }
  SECTION("one has another size") { manifest.layers[0].size_bytes += 1; }
  CHECK_THROWS_AS(read(), base::ContentError);
}

TEST_CASE("cache_bundle: a blob of a type that is no layer is refused", "[builder]") {
  auto bundle = sample();
  bundle.records.at(base::sha256_of("1")).blob->media_type = "text/html";
  CHECK_THROWS_AS(builder::read_cache_document(manifest_of(bundle), builder::to_json(bundle)),
                  base::ContentError);
}

TEST_CASE("cache_bundle: inline, the blobs are the image's", "[builder]") {
  image::ImageConfig config;
  config.platform = image::host_platform();
  config.diff_ids = {base::sha256_of("base"), base::sha256_of("a")};
  config.inline_cache = builder::to_json(builder::without_blobs(sample()));
  image::Manifest manifest;
  manifest.config.media_type = image::media_type::kOciConfig;
  manifest.layers = {blob("base"), blob("a")};
  const auto read = builder::read_cache_document(manifest, image::to_json(config));
  REQUIRE(read);
  CHECK(read->records.at(base::sha256_of("1")).blob == blob("a"));
  CHECK_FALSE(read->records.at(base::sha256_of("2")).blob);  // it is not in the image
  CHECK(read->mounts.empty());

  manifest.layers.pop_back();
  CHECK_THROWS_AS(builder::read_cache_document(manifest, image::to_json(config)),
                  base::ContentError);
  config.inline_cache.clear();
  CHECK_FALSE(builder::read_cache_document(manifest, image::to_json(config)));
}

TEST_CASE("cache_bundle: neither another artifact nor a huge index is read", "[builder]") {
  image::Manifest manifest;
  manifest.config.media_type = "application/vnd.buildkit.cacheconfig.v0";
  CHECK_THROWS_WITH(builder::check_may_hold_cache(manifest), Catch::Contains("buildkit"));
  manifest.config.media_type = builder::kCacheIndexType;
  manifest.config.size_bytes = builder::kMaxCacheIndexBytes;
  CHECK_NOTHROW(builder::check_may_hold_cache(manifest));
  manifest.config.size_bytes += 1;
  CHECK_THROWS_AS(builder::check_may_hold_cache(manifest), base::ContentError);
}

TEST_CASE("cache_options: what is not supported is refused by name", "[builder]") {
  using Attributes = std::map<std::string, std::string>;
  const auto to = [](const std::string& type, Attributes attributes) {
    return builder::read_cache_to({type, std::move(attributes)});
  };
  const auto from = [](const std::string& type, Attributes attributes) {
    return builder::read_cache_from({type, std::move(attributes)});
  };
  for (const char* type : {"gha", "s3", "azblob", "whatever"}) {
    CHECK_THROWS_WITH(to(type, {}), Catch::Contains(type));
    CHECK_THROWS_WITH(from(type, {}), Catch::Contains(type));
  }
  CHECK_THROWS_WITH(from("inline", {}), Catch::Contains("inline"));
  CHECK_THROWS_WITH(to("registry", {}), Catch::Contains("ref"));
  CHECK_THROWS_WITH(to("local", {}), Catch::Contains("dest"));
  CHECK_THROWS_WITH(from("local", {}), Catch::Contains("src"));
  CHECK_THROWS_WITH(to("registry", {{"ref", "x"}, {"mod", "max"}}), Catch::Contains("mod"));
  CHECK_THROWS_WITH(to("registry", {{"ref", "x"}, {"mode", "mid"}}), Catch::Contains("mid"));
  // What images have, and a cache of layers has not.
  for (const char* name : {"squash", "oci-artifact", "rewrite-timestamp", "add-compression"})
    CHECK_THROWS_WITH(to("local", {{"dest", "x"}, {name, "true"}}), Catch::Contains(name));
  CHECK_THROWS_WITH(to("registry", {{"ref", "x"}, {"image-manifest", "false"}}),
                    Catch::Contains("image-manifest"));
  CHECK_THROWS_WITH(to("registry", {{"ref", "x"}, {"registry.insecure", "perhaps"}}),
                    Catch::Contains("registry.insecure"));
  CHECK_THROWS_AS(from("local", {{"src", "x"}, {"digest", "x"}}), base::UsageError);
}

TEST_CASE("cache_options: as they are understood", "[builder]") {
  const auto to = builder::read_cache_to({"registry",
                                          {{"ref", "host.example/app"},
                                           {"mode", "max"},
                                           {"compression", "zstd"},
                                           {"ignore-error", "true"},
                                           {"mounts", "a,b"}}});
  CHECK(to.place.reference->str() == "host.example/app:latest");
  CHECK(to.mode == builder::CacheTo::Mode::max);
  CHECK(to.format.compression.type == layers::LayerCompression::zstd);
  CHECK(to.ignore_error);
  CHECK(to.mounts == std::vector<std::string>{"a", "b"});
  const auto local = builder::read_cache_to({"local", {{"dest", "d"}, {"tag", "t"}}});
  CHECK(local.place.directory == "d");
  CHECK(local.place.tag == "t");
  CHECK(local.mode == builder::CacheTo::Mode::min);
}
