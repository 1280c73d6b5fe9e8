#include "image/validate.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/syntax.h"

using namespace ibuild;
using namespace ibuild::image;

namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string descriptor(const std::string& more = "") {
  return R"({"mediaType":"application/vnd.example+json","digest":")" + kDigest + R"(","size":0)" +
         more + "}";
}

bool is_valid(std::string_view kind, const std::string& document) {
  try {
    validate_document(kind, document);
    return true;
  } catch (const base::ContentError&) {
    return false;
  }
}

}  // namespace

TEST_CASE("validate: media types follow RFC 6838", "[image]") {
  CHECK(is_media_type("application/vnd.oci.image.manifest.v1+json"));
  CHECK(is_media_type("a/b"));
  CHECK(is_media_type("0/b!#$&^_.+-"));
  CHECK(is_media_type(std::string(127, 'a') + "/" + std::string(127, 'b')));
  CHECK_FALSE(is_media_type(std::string(128, 'a') + "/b"));
  const auto bad = GENERATE("", "a", "/b", "a/", ".a/b", "a/.b", "a/b/c", "a b/c", "a/b;q=1");
  CHECK_FALSE(is_media_type(bad));
}

TEST_CASE("validate: digests of any algorithm have a grammar", "[image]") {
  CHECK(is_digest_syntax(kDigest));
  CHECK(is_digest_syntax("md5:d41d8cd98f00b204e9800998ecf8427e"));
  CHECK(is_digest_syntax("sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564="));
  CHECK(is_digest_syntax("multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8"));
  const auto bad = GENERATE("", "sha256", ":abc", "sha256:", "sha256:abc", "SHA1:abc", "a+:b",
                            "+a:b", "a++b:c", "a:b c", "a:b:c");
  CHECK_FALSE(is_digest_syntax(bad));
}

TEST_CASE("validate: descriptors", "[image]") {
  CHECK(is_valid("descriptor", descriptor()));
  CHECK(is_valid("descriptor", descriptor(R"(,"data":"aGVsbG8=","urls":["https://a.b/c"])")));
  CHECK(is_valid("descriptor", descriptor(R"(,"data":"","unknown":null)")));
  const std::string bad =
      GENERATE(R"(,"data":"not base64!")", R"(,"data":"abc")", R"(,"data":"a===")",
               R"(,"urls":["relative/path"])", R"(,"urls":[":x"])", R"(,"urls":null)",
               R"(,"annotations":null)", R"(,"annotations":{"a":1})", R"(,"artifactType":"x")",
               R"(,"platform":{"os":"linux"})", R"(,"size":1)");
  CHECK_FALSE(is_valid("descriptor", descriptor(bad)));
}

TEST_CASE("validate: an image manifest has a config and at least one layer", "[image]") {
  const std::string head = R"({"schemaVersion":2,"config":)" + descriptor();
  CHECK(is_valid("manifest", head + R"(,"layers":[)" + descriptor() + "]}"));
  CHECK_FALSE(is_valid("manifest", head + R"(,"layers":[]})"));
  CHECK_FALSE(is_valid("manifest", head + "}"));
  CHECK_FALSE(is_valid("manifest", head + R"(,"mediaType":"x","layers":[)" + descriptor() + "]}"));
  CHECK_FALSE(is_valid("manifest", R"({"schemaVersion":2,"layers":[)" + descriptor() + "]}"));
}

TEST_CASE("validate: an index lists manifests, even none", "[image]") {
  CHECK(is_valid("imageindex", R"({"schemaVersion":2,"manifests":[]})"));
  CHECK(is_valid("imageindex", R"({"schemaVersion":2,"manifests":[)" + descriptor() + "]}"));
  CHECK_FALSE(is_valid("imageindex", R"({"schemaVersion":2})"));
  CHECK_FALSE(is_valid("imageindex", R"({"schemaVersion":1,"manifests":[]})"));
  CHECK_FALSE(is_valid("imageindex", R"({"schemaVersion":2,"manifests":[{}]})"));
}

TEST_CASE("validate: a config is checked harder than it is read", "[image]") {
  const std::string head = R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers")";
  CHECK(
      is_valid("config", head + R"(,"diff_ids":[]},"config":{"Env":["A=","B=c=d"],"Cmd":null}})"));
  CHECK_FALSE(is_valid("config", head + "}}"));
  CHECK_FALSE(is_valid("config", head + R"(,"diff_ids":[]},"config":{"Env":["A"]}})"));
  CHECK_FALSE(is_valid("config", head + R"(,"diff_ids":[]},"config":{"Env":["=A"]}})"));
  CHECK_FALSE(is_valid("config", head + R"(,"diff_ids":[]},"config":{"Env":null}})"));
  CHECK_FALSE(is_valid("config", head + R"(,"diff_ids":[]},"author":null})"));
}

TEST_CASE("validate: a layout has a known version", "[image]") {
  CHECK(is_valid("imagelayout", R"({"imageLayoutVersion":"1.0.0"})"));
  CHECK_FALSE(is_valid("imagelayout", R"({"imageLayoutVersion":"2.0.0"})"));
  CHECK_FALSE(is_valid("imagelayout", R"({"imageLayoutVersion":1})"));
  CHECK_FALSE(is_valid("imagelayout", "{}"));
}

TEST_CASE("validate: older documents are told by their shape, with null for absent", "[image]") {
  const std::string_view kind = "backwards_compatibility";
  CHECK(is_valid(kind, R"({"architecture":"amd64","os":"linux","config":{"Env":null},)"
                       R"("rootfs":{"type":"layers","diff_ids":[]}})"));
  CHECK(is_valid(kind, R"({"schemaVersion":2,"manifests":[]})"));
  CHECK(is_valid(kind, R"({"schemaVersion":2,"config":)" + descriptor() + R"(,"layers":[)" +
                           descriptor() + "]}"));
  CHECK_FALSE(is_valid(kind, "{}"));
  CHECK_FALSE(is_valid(kind, R"({"schemaVersion":2,"manifests":[{}]})"));
}

TEST_CASE("validate: an unknown kind is a usage error", "[image]") {
  CHECK_THROWS_AS(validate_document("recipe", "{}"), base::UsageError);
}
