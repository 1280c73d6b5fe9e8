// Hostile and unusual compressed streams.
#include <catch2/catch.hpp>
#include <optional>

#include "base/error.h"
#include "tests/unit/layers/sample_bytes.h"

namespace ibuild::layers {

namespace {

using base::ContentError;
using test::decompress;
using test::sample_bytes;

std::string gzip(std::string_view plain) {
  return test::compress({.type = LayerCompression::gzip, .level = {}}, plain);
}
std::string zstd(std::string_view plain) {
  return test::compress({.type = LayerCompression::zstd, .level = {}}, plain);
}
std::string gunzip(std::string_view packed) { return decompress(LayerCompression::gzip, packed); }
std::string unzstd(std::string_view packed) { return decompress(LayerCompression::zstd, packed); }

/// The member's header replaced by one with the flags and the bytes they stand for.
std::string with_header(std::string packed, char flags, const std::string& fields) {
  packed[3] = flags;
  return packed.substr(0, 10) + fields + packed.substr(10);
}

std::string with_byte(std::string text, std::size_t at, char value) {
  text.at(at) = value;
  return text;
}

std::string flip(std::string text, std::size_t at, int bit) {
  text.at(at) = static_cast<char>(text.at(at) ^ 1 << bit);
  return text;
}

std::optional<std::string> gunzip_or_nothing(std::string_view packed) {
  try {
    return gunzip(packed);
  } catch (const ContentError&) {
    return std::nullopt;
  }
}

}  // namespace

TEST_CASE("gzip_decompressor: reads members one after another", "[layers]") {
  CHECK(gunzip(gzip("one ") + gzip("") + gzip("two ") + gzip("three")) == "one two three");
}

TEST_CASE("gzip_decompressor: skips extra field, name, comment and header checksum", "[layers]") {
  const std::string packed = gzip("hello");
  CHECK(gunzip(with_header(packed, 0x08, std::string("app.tar\0", 8))) == "hello");
  CHECK(gunzip(with_header(packed, 0x10, std::string("made by hand\0", 13))) == "hello");
  CHECK(gunzip(with_header(packed, 0x04, std::string("\x05\0abcde", 7))) == "hello");
  CHECK(gunzip(with_header(packed, 0x1c, std::string("\x01\0x", 3) + std::string("n\0c\0", 4))) ==
        "hello");
  CHECK(gunzip(with_header(packed, 0x08, std::string(300'000, 'n') + '\0')) == "hello");
  CHECK_THROWS_AS(gunzip(with_header(packed, 0x20, "")), ContentError);
}

TEST_CASE("gzip_decompressor: a checksum of the header is verified", "[layers]") {
  const std::string packed = gzip("hello");
  // CRC-32 of the ten bytes of the header with FHCRC set, its lower half.
  const std::string right = "\x90\xc9";
  CHECK(gunzip(with_header(packed, 0x02, right)) == "hello");
  CHECK_THROWS_AS(gunzip(with_header(packed, 0x02, "\x01\x02")), ContentError);
}

TEST_CASE("gzip_decompressor: the pieces of input and output may have any size", "[layers]") {
  const std::string plain = sample_bytes(70'000);
  const std::string packed = gzip(plain) + gzip("tail");
  for (const std::size_t piece : {1U, 2U, 7U, 4096U}) {
    for (const std::size_t room : {1U, 13U, 65536U}) {
      CHECK((decompress(LayerCompression::gzip, packed, piece, room) == plain + "tail"));
    }
  }
}

TEST_CASE("gzip_decompressor: a header may arrive in pieces", "[layers]") {
  const std::string named = with_header(gzip("hello"), 0x18, std::string("app.tar\0comment\0", 16));
  for (const std::size_t piece : {1U, 3U, 11U, 14U}) {
    CHECK(decompress(LayerCompression::gzip, named + named, piece) == "hellohello");
  }
}

TEST_CASE("gzip_decompressor: zeros may follow, nothing else", "[layers]") {
  const std::string packed = gzip("hello");
  CHECK(gunzip(packed + std::string(1, '\0')) == "hello");
  CHECK(gunzip(packed + std::string(500'000, '\0')) == "hello");
  CHECK_THROWS_AS(gunzip(packed + "x"), ContentError);
  CHECK_THROWS_AS(gunzip(packed + std::string(300'000, '\0') + "x"), ContentError);
  CHECK_THROWS_AS(gunzip(packed + std::string(10, '\0') + packed), ContentError);
}

TEST_CASE("gzip_decompressor: a stream cut anywhere is refused", "[layers]") {
  const std::string packed = gzip(sample_bytes(3000));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    CAPTURE(size);
    REQUIRE_THROWS_AS(gunzip(packed.substr(0, size)), ContentError);
  }
  const std::string second = gzip("x");
  for (std::size_t size = 1; size < second.size(); ++size) {
    REQUIRE_THROWS_AS(gunzip(packed + second.substr(0, size)), ContentError);
  }
}

TEST_CASE("gzip_decompressor: a flipped bit anywhere but in unused header fields is refused",
          "[layers]") {
  const std::string plain = sample_bytes(500);
  const std::string packed = gzip(plain);
  for (std::size_t at = 10; at < packed.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      // The bits between the last block and the trailer mean nothing.
      if (at == packed.size() - 9 && gunzip_or_nothing(flip(packed, at, bit)) == plain) continue;
      CAPTURE(at, bit);
      REQUIRE_THROWS_AS(gunzip(flip(packed, at, bit)), ContentError);
    }
  }
}

TEST_CASE("gzip_decompressor: wrong magic, method, checksum and length are refused", "[layers]") {
  const std::string packed = gzip("hello");
  CHECK_THROWS_AS(gunzip(with_byte(packed, 0, 'P')), ContentError);
  CHECK_THROWS_AS(gunzip(with_byte(packed, 1, 'K')), ContentError);
  CHECK_THROWS_AS(gunzip(with_byte(packed, 2, 7)), ContentError);
  CHECK_THROWS_AS(gunzip(with_byte(packed, packed.size() - 8, 0)), ContentError);
  CHECK_THROWS_AS(gunzip(with_byte(packed, packed.size() - 1, 1)), ContentError);
  CHECK_THROWS_AS(gunzip("etc/passwd" + std::string(512, '\0')), ContentError);
}

TEST_CASE("gzip_decompressor: a match from before the start is refused", "[layers]") {
  // One final block with fixed codes: length 3, distance 1, end of block.
  const std::string header("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  CHECK_THROWS_AS(gunzip(header + std::string("\x03\x02\x00", 3) + std::string(8, '\0')),
                  ContentError);
}

TEST_CASE("gzip_decompressor: stays at its end", "[layers]") {
  const std::string packed = gzip("hello") + std::string(3, '\0');
  base::StringSource source(packed);
  const auto decompressor = make_decompressor(LayerCompression::gzip, source);
  base::StringSink out;
  CHECK(base::copy_stream(*decompressor, out) == 5);
  std::byte more{};
  CHECK(decompressor->read({&more, 1}) == 0);
  CHECK(decompressor->read({}) == 0);
}

TEST_CASE("zstd_decompressor: reads frames one after another and skips skippable ones",
          "[layers]") {
  const std::string skippable("\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
  CHECK(unzstd(zstd("one ") + zstd("two")) == "one two");
  CHECK(unzstd(skippable + zstd("one ") + skippable + zstd("two") + skippable) == "one two");
}

TEST_CASE("zstd_decompressor: the pieces of input and output may have any size", "[layers]") {
  const std::string plain = sample_bytes(70'000);
  const std::string packed = zstd(plain) + zstd("tail");
  for (const std::size_t piece : {1U, 7U, 4096U}) {
    for (const std::size_t room : {1U, 13U, 65536U}) {
      CHECK((decompress(LayerCompression::zstd, packed, piece, room) == plain + "tail"));
    }
  }
}

TEST_CASE("zstd_decompressor: a stream cut anywhere is refused", "[layers]") {
  const std::string packed = zstd(sample_bytes(3000));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    CAPTURE(size);
    REQUIRE_THROWS_AS(unzstd(packed.substr(0, size)), ContentError);
  }
}

TEST_CASE("zstd_decompressor: garbage, padding and a wrong checksum are refused", "[layers]") {
  const std::string packed = zstd("hello hello hello hello");
  CHECK_THROWS_AS(unzstd(packed + "garbage"), ContentError);
  CHECK_THROWS_AS(unzstd(packed + std::string(4, '\0')), ContentError);
  CHECK_THROWS_AS(unzstd(with_byte(packed, packed.size() - 1, '!')), ContentError);
  CHECK_THROWS_AS(unzstd(gzip("hello")), ContentError);
}

TEST_CASE("zstd_decompressor: a window above 128 MiB is refused", "[layers]") {
  // Magic, descriptor without content size, window of 2^28 bytes, one empty raw block that is the
  // last.
  const std::string wide("\x28\xb5\x2f\xfd\x00\x90\x01\0\0", 9);
  const std::string narrow("\x28\xb5\x2f\xfd\x00\x88\x01\0\0", 9);
  CHECK(unzstd(narrow).empty());
  CHECK_THROWS_AS(unzstd(wide), ContentError);
}

TEST_CASE("decompressor: uncompressed bytes pass through", "[layers]") {
  CHECK(decompress(LayerCompression::none, "hello") == "hello");
  CHECK(decompress(LayerCompression::none, "").empty());
}

}  // namespace ibuild::layers
