#include "layers/any_decompressor.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/unit/layers/filtered_bytes.h"
#include "tests/unit/layers/sample_bytes.h"

namespace ibuild::layers {

namespace {

using test::Filter;
using test::filtered;
using test::sample_bytes;

std::string decompress_any(std::string_view bytes, std::size_t piece_bytes = 1 << 16) {
  test::PiecewiseSource source(bytes, piece_bytes);
  const auto plain = make_any_decompressor(source);
  return base::read_all(*plain, 64 << 20, "plain bytes");
}

/// Gives some bytes and then fails.
class BreakingSource : public base::ByteSource {
 public:
  explicit BreakingSource(std::string_view text) : text_(text) {}
  std::size_t read(std::span<std::byte> buffer) override {
    if (const std::size_t count = text_.read(buffer)) return count;
    throw base::CancelledError();
  }

 private:
  base::StringSource text_;
};

}  // namespace

TEST_CASE("any_decompressor: each format is told by its first bytes", "[layers]") {
  const std::string plain = sample_bytes(400'000);
  CHECK((decompress_any(test::compress({.type = LayerCompression::gzip, .level = {}}, plain)) ==
         plain));
  CHECK((decompress_any(test::compress({.type = LayerCompression::zstd, .level = {}}, plain)) ==
         plain));
  CHECK((decompress_any(filtered(Filter::bzip2, plain)) == plain));
  CHECK((decompress_any(filtered(Filter::xz, plain)) == plain));
}

TEST_CASE("any_decompressor: bytes may arrive one by one", "[layers]") {
  const std::string plain = sample_bytes(3000);
  for (const Filter filter : {Filter::bzip2, Filter::xz}) {
    CHECK((decompress_any(filtered(filter, plain), 1) == plain));
  }
}

TEST_CASE("any_decompressor: an empty stream stays empty in every format", "[layers]") {
  CHECK(decompress_any("").empty());
  for (const Filter filter : {Filter::bzip2, Filter::xz})
    CHECK(decompress_any(filtered(filter, "")).empty());
}

TEST_CASE("any_decompressor: anything else passes through, however short", "[layers]") {
  for (const std::string_view plain : {"x", "BZ", "\x1f",
                                       "\xfd"
                                       "7zX",
                                       "a longer text, longer than any magic"}) {
    CHECK(decompress_any(plain) == plain);
    CHECK(decompress_any(plain, 1) == plain);
  }
  const std::string large = sample_bytes(300'000);
  CHECK((decompress_any(large) == large));
}

TEST_CASE("any_decompressor: truncated and damaged streams are refused", "[layers]") {
  const std::string plain = sample_bytes(100'000);
  for (const Filter filter : {Filter::bzip2, Filter::xz}) {
    const std::string packed = filtered(filter, plain);
    CHECK_THROWS_AS(decompress_any(packed.substr(0, packed.size() / 2)), base::ContentError);
    std::string damaged = packed;
    damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 1);
    CHECK_THROWS_AS(decompress_any(damaged), base::ContentError);
  }
}

TEST_CASE("any_decompressor: what the source throws comes through", "[layers]") {
  const std::string plain = sample_bytes(2'000'000);
  for (const Filter filter : {Filter::bzip2, Filter::xz}) {
    const std::string packed = filtered(filter, plain);
    BreakingSource source(std::string_view(packed).substr(0, packed.size() / 2));
    const auto run = [&] {
      const auto decompressor = make_any_decompressor(source);
      base::StringSink out;
      base::copy_stream(*decompressor, out);
    };
    CHECK_THROWS_AS(run(), base::CancelledError);
  }
}

}  // namespace ibuild::layers
