#include "base/digest.h"

#include <catch2/catch.hpp>
#include <unordered_set>

#include "base/error.h"

using namespace ibuild::base;

namespace {

// FIPS 180-2, appendix B.
constexpr std::string_view kEmpty =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kAbc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

}  // namespace

TEST_CASE("digest: SHA-256 of known texts", "[base]") {
  CHECK(sha256_of("").str() == kEmpty);
  CHECK(sha256_of("abc").str() == kAbc);
}

TEST_CASE("digest: the same bytes in pieces give the same digest", "[base]") {
  Sha256 hash;
  hash.update("a");
  hash.update("");
  hash.update("bc");
  CHECK(hash.finish().str() == kAbc);
}

TEST_CASE("digest: finish starts the hasher afresh", "[base]") {
  Sha256 hash;
  hash.update("something else");
  (void)hash.finish();
  CHECK(hash.finish().str() == kEmpty);
  hash.update("abc");
  CHECK(hash.finish().str() == kAbc);
}

TEST_CASE("digest: a moved hasher keeps what it has read", "[base]") {
  Sha256 hash;
  hash.update("ab");
  Sha256 moved = std::move(hash);
  moved.update("c");
  CHECK(moved.finish().str() == kAbc);
}

TEST_CASE("digest: a SHA-256 alone is the same, in 32 bytes", "[base]") {
  const Sha256Value value = sha256_of("abc");
  STATIC_REQUIRE(sizeof value == 32);
  CHECK(value.str() == kAbc);
  CHECK(value.digest() == sha256_of("abc"));
  CHECK(value.raw().size() == 32);
  CHECK(value.raw().substr(0, 3) == "\xba\x78\x16");
  CHECK(Sha256Value::from_raw(value.raw()) == value);
  CHECK(value != Sha256Value(sha256_of("")));
  CHECK_THROWS_AS(Sha256Value(Digest()), ContentError);
  CHECK_THROWS_AS(Sha256Value(Digest::parse("sha512:" + std::string(128, 'a'))), ContentError);
}

TEST_CASE("digest: a hashing sink passes bytes on and counts them", "[base]") {
  StringSink next;
  HashingSink sink(&next);
  sink.write(as_bytes("ab"));
  sink.write(as_bytes("c"));
  CHECK(next.text() == "abc");
  CHECK(sink.size_bytes() == 3);
  CHECK(sink.finish().str() == kAbc);
}

TEST_CASE("digest: a source is hashed to its end", "[base]") {
  const std::string text(400'000, 'a');
  StringSource source(text);
  CHECK(sha256_of(source) == sha256_of(text));
}

TEST_CASE("digest: parse takes apart what it accepts", "[base]") {
  const Digest digest = Digest::parse(kAbc);
  CHECK(digest.str() == kAbc);
  CHECK(digest.algorithm() == "sha256");
  CHECK(digest.hex().size() == 64);
  CHECK(digest.short_hex() == "ba7816bf8f01");
  CHECK(Digest::parse("sha512:" + std::string(128, '0')).algorithm() == "sha512");
  CHECK(Digest::sha256_from_hex(digest.hex()) == digest);
}

TEST_CASE("digest: parse refuses everything else", "[base]") {
  const std::string hex(64, 'a');
  const std::string text =
      GENERATE_COPY(std::string(), hex, "sha256:", "sha256:" + hex.substr(1), "sha256:" + hex + "a",
                    "sha256:" + std::string(64, 'A'), "SHA256:" + hex,
                    "sha256:" + std::string(64, 'g'), "sha512:" + hex,
                    "md5:" + std::string(32, 'a'), "sha256:../" + hex.substr(3), " sha256:" + hex);
  CHECK_FALSE(Digest::try_parse(text));
  CHECK_THROWS_AS(Digest::parse(text), ContentError);
}

TEST_CASE("digest: the default is empty and has no parts", "[base]") {
  const Digest digest;
  CHECK(digest.empty());
  CHECK(digest.hex().empty());
  CHECK(digest.algorithm().empty());
  CHECK(digest.short_hex().empty());
}

TEST_CASE("digest: can be ordered and hashed", "[base]") {
  const Digest a = sha256_of("a");
  const Digest b = sha256_of("b");
  CHECK((a < b) != (b < a));
  CHECK(std::unordered_set<Digest>{a, b, a}.size() == 2);
}
