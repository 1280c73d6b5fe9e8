#include "image/manifest.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/media_types.h"

using namespace ibuild;
using namespace ibuild::image;

namespace {

const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:" + std::string(64, 'b');

const std::string kConfig =
    R"({"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" + kA + R"(","size":7})";
const std::string kLayer =
    R"({"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":")" + kB +
    R"(","size":9})";

/// An object of the given members.
std::string object(const std::string& members) { return "{" + members + "}"; }

std::string manifest_members() {
  return R"("schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
         kConfig + R"(,"layers":[)" + kLayer + "]";
}

std::string manifest_without_type() {
  return object(R"("schemaVersion":2,"config":)" + kConfig + R"(,"layers":[)" + kLayer + "]");
}

std::string index_text(const std::string& type = "application/vnd.oci.image.index.v1+json") {
  return object(R"("schemaVersion":2,"mediaType":")" + type + R"(","manifests":[)" + kLayer + "]");
}

void replace(std::string& text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("manifest: an image manifest is read", "[image]") {
  const Manifest manifest = parse_manifest(object(manifest_members()));
  CHECK(manifest.media_type == media_type::kOciManifest);
  CHECK(manifest.config.digest.str() == kA);
  CHECK(manifest.config.size_bytes == 7);
  REQUIRE(manifest.layers.size() == 1);
  CHECK(manifest.layers[0].media_type == media_type::kOciLayerGzip);
  CHECK_FALSE(manifest.subject);
}

TEST_CASE("manifest: an index is read with platforms and annotations", "[image]") {
  const Index index = parse_index(object(
      R"("schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
      R"("digest":")" +
      kA +
      R"(","size":1,"annotations":{"k":"v"},"artifactType":"a/b",)"
      R"("urls":["https://example.com/x"],"platform":{"architecture":"arm","os":"linux",)"
      R"("variant":"v7","os.version":"1","os.features":["f"]}}],"annotations":{"a":"b"})"));
  CHECK(index.media_type == media_type::kOciIndex);
  CHECK(index.annotations == Annotations{{"a", "b"}});
  REQUIRE(index.manifests.size() == 1);
  const Descriptor& entry = index.manifests[0];
  CHECK(entry.platform == Platform{"linux", "arm", "v7", "1", {"f"}});
  CHECK(entry.annotations == Annotations{{"k", "v"}});
  CHECK(entry.artifact_type == "a/b");
  CHECK(entry.urls == std::vector<std::string>{"https://example.com/x"});
}

TEST_CASE("manifest: writing is canonical, in the order of the image-spec's structures",
          "[image]") {
  const std::string text = object(manifest_members() + R"(,"subject":)" + kConfig +
                                  R"(,"annotations":{"a":"1","b":"<&>"})");
  CHECK(to_json(parse_manifest(text)) == text);
  std::string blanks = text;
  replace(blanks, ",\"config\"", " ,\n\t\"config\"");
  CHECK(to_json(parse_manifest(blanks)) == text);
  CHECK(to_json(parse_index(index_text())) ==
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{)"
        R"("mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":")" +
            kB + R"(","size":9}]})");
}

TEST_CASE("manifest: a descriptor is written with its fields in order", "[image]") {
  const std::string text =
      R"({"mediaType":"a/b","digest":")" + kA +
      R"(","size":9223372036854775807,"urls":["u:x"],"annotations":{"k":"v"},)"
      R"("platform":{"architecture":"amd64","os":"windows","os.version":"10","os.features":["f"],)"
      R"("variant":"v2"},"artifactType":"c/d"})";
  CHECK(to_json(parse_descriptor(text)) == text);
}

TEST_CASE("manifest: invalid UTF-8 in a value is replaced when written", "[image]") {
  Descriptor descriptor = parse_descriptor(kLayer);
  descriptor.annotations["k"] = "caf\xe9";
  CHECK_THAT(to_json(descriptor), Catch::Contains("caf\xef\xbf\xbd"));
}

TEST_CASE("manifest: without a type of its own the shape decides", "[image]") {
  CHECK(parse_manifest(manifest_without_type()).media_type == media_type::kOciManifest);
  CHECK(parse_manifest(manifest_without_type(), media_type::kDockerManifest).media_type ==
        media_type::kDockerManifest);
  CHECK(parse_index(object(R"("schemaVersion":2,"manifests":[])")).media_type ==
        media_type::kOciIndex);
}

TEST_CASE("manifest: content types that say nothing are passed over", "[image]") {
  const auto type = GENERATE("application/json", "application/octet-stream; charset=utf-8",
                             "text/plain", "application/vnd.oci.image.manifest.v1+json; q=1");
  CHECK_NOTHROW(parse_manifest(object(manifest_members()), type));
}

TEST_CASE("manifest: a document that contradicts its announcement is refused", "[image]") {
  CHECK_THROWS_WITH(parse_manifest_or_index(object(manifest_members()), media_type::kOciIndex),
                    Catch::Contains("announced as"));
  CHECK_THROWS_AS(parse_manifest_or_index(object(manifest_members()), media_type::kDockerManifest),
                  base::ContentError);
  CHECK_THROWS_AS(parse_manifest_or_index(manifest_without_type(), media_type::kOciIndex),
                  base::ContentError);
  CHECK_THROWS_AS(parse_manifest_or_index(index_text("application/vnd.oci.image.manifest.v1+json")),
                  base::ContentError);
}

TEST_CASE("manifest: a document that is both manifest and index is refused", "[image]") {
  CHECK_THROWS_WITH(parse_manifest_or_index(object(manifest_members() + R"(,"manifests":[])")),
                    Catch::Contains("both an image manifest and an image index"));
}

TEST_CASE("manifest: the other kind of document is refused by name", "[image]") {
  CHECK_THROWS_WITH(parse_manifest(index_text()), Catch::Contains("got an image index"));
  CHECK_THROWS_WITH(parse_index(object(manifest_members())),
                    Catch::Contains("got an image manifest"));
}

TEST_CASE("manifest: Docker schema 1 is refused by name", "[image]") {
  const auto type = GENERATE("", "application/vnd.docker.distribution.manifest.v1+prettyjws",
                             "application/vnd.docker.distribution.manifest.v1+json");
  CHECK_THROWS_WITH(
      parse_manifest_or_index(R"({"schemaVersion":1,"fsLayers":[],"history":[]})", type),
      Catch::Contains("schema 1 is not supported"));
}

TEST_CASE("manifest: other media types are refused by name", "[image]") {
  CHECK_THROWS_WITH(parse_manifest_or_index(manifest_without_type(), "application/vnd.other+json"),
                    Catch::Contains("application/vnd.other+json"));
}

TEST_CASE("manifest: a wrong or missing field is named with its place", "[image]") {
  struct Case {
    const char* from;
    const char* to;
    const char* message;
  };
  const auto c = GENERATE(
      Case{R"("size":9)", R"("size":-9)", "manifest: layers[0].size: is negative"},
      Case{R"("size":9)", R"("size":"9")", "layers[0].size: expected an integer, got string"},
      Case{R"("size":9)", R"("size":9.5)", "layers[0].size: expected an integer, got a fraction"},
      Case{R"("size":9)", R"("size":9223372036854775808)",
           "layers[0].size: the number is too large"},
      Case{R"("size":9)", R"("size":null)", "layers[0]: the field \"size\" is missing"},
      Case{R"(,"size":7)", "", "config: the field \"size\" is missing"},
      Case{"sha256:a", "sha256:A", "config.digest: is not a sha256, sha384 or sha512 digest"},
      Case{"sha256:a", "crc32:a", "config.digest: is not a sha256, sha384 or sha512 digest"},
      Case{R"("mediaType":"application/vnd.oci.image.config.v1+json")", R"("mediaType":"x")",
           "config.mediaType: is not a media type"},
      Case{R"("schemaVersion":2)", R"("schemaVersion":3)", "schemaVersion: expected 2"},
      Case{R"("schemaVersion":2,)", "", "the field \"schemaVersion\" is missing"},
      Case{R"("layers":[)", R"("layers":{},"x":[)", "layers: expected an array, got object"},
      Case{R"("schemaVersion":2)", R"("schemaVersion":2,"annotations":{"k":1})",
           "annotations[\"k\"]: expected a string, got number"},
      Case{R"("schemaVersion":2)", R"("schemaVersion":2,"subject":[])",
           "subject: expected an object, got array"},
      Case{R"("size":7)", R"("size":7,"platform":{"os":"linux"})",
           "config.platform: the field \"architecture\" is missing"});
  std::string text = object(manifest_members());
  replace(text, c.from, c.to);
  CHECK_THROWS_WITH(parse_manifest(text), Catch::Contains(c.message));
}

TEST_CASE("manifest: what is no JSON object is refused", "[image]") {
  const auto text = GENERATE("", "[]", "1", "null", "{", "{\"a\":1,}", "{} {}", "\xff",
                             "{\"a\":\"\xff\"}", "<html>");
  CHECK_THROWS_AS(parse_manifest_or_index(text), base::ContentError);
}

TEST_CASE("manifest: a key that occurs twice is refused", "[image]") {
  CHECK_THROWS_WITH(parse_manifest(object(manifest_members() + R"(,"layers":[])")),
                    Catch::Contains("\"layers\" occurs twice"));
}

TEST_CASE("manifest: depth, number of values and size are bounded", "[image]") {
  const std::string deep = object(manifest_members() + R"(,"x":)" + std::string(100'000, '['));
  CHECK_THROWS_WITH(parse_manifest(deep), Catch::Contains("levels deep"));
  std::string many = R"(,"x":[0)";
  for (int i = 0; i < 600'000; ++i) many += ",0";
  CHECK_THROWS_WITH(parse_manifest(object(manifest_members() + many + "]")),
                    Catch::Contains("too many values"));
  const std::string large(kMaxManifestBytes + 1, ' ');
  CHECK_THROWS_WITH(parse_manifest(large), Catch::Contains("larger than"));
}

TEST_CASE("manifest: unknown fields are ignored", "[image]") {
  CHECK_NOTHROW(parse_manifest(object(manifest_members() + R"(,"future":{"a":[1,2.5,null]})")));
}

TEST_CASE("descriptor: bytes are described by type, digest and size", "[image]") {
  const auto descriptor = ibuild::image::describe_bytes("application/x", "abc");
  CHECK(descriptor.media_type == "application/x");
  CHECK(descriptor.digest.str() ==
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(descriptor.size_bytes == 3);
  CHECK_FALSE(descriptor.platform);
}
