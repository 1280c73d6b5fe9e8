#include "layers/compression.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "base/digest.h"
#include "base/error.h"
#include "tests/unit/layers/sample_bytes.h"

namespace ibuild::layers {

namespace {

using test::compress;
using test::decompress;
using test::sample_bytes;

constexpr LayerCompression kTypes[] = {LayerCompression::none, LayerCompression::gzip,
                                       LayerCompression::zstd};

/// Fails on the first write.
class BrokenSink : public base::ByteSink {
 public:
  void write(base::Bytes) override { throw base::Error("the sink is broken"); }
};

std::uint32_t le32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

TEST_CASE("compression: what is compressed comes back the same", "[layers]") {
  for (const auto type : kTypes) {
    for (const std::size_t size : {0U, 1U, 1000U, 1U << 20, (1U << 20) + 1, 5'000'000U}) {
      // An empty stream is no stream at all only where nothing frames it.
      const std::string plain = sample_bytes(size);
      CAPTURE(static_cast<int>(type), size);
      CHECK(decompress(type, compress({.type = type, .level = {}}, plain)) == plain);
    }
  }
}

TEST_CASE("compression: every level gives a stream that comes back the same", "[layers]") {
  const std::string plain = sample_bytes(300'000);
  for (int level = 0; level <= 9; ++level) {
    CHECK(decompress(LayerCompression::gzip,
                     compress({.type = LayerCompression::gzip, .level = level}, plain)) == plain);
  }
  for (const int level : {1, 3, 6, 19, 20, 22}) {
    CHECK(decompress(LayerCompression::zstd,
                     compress({.type = LayerCompression::zstd, .level = level}, plain)) == plain);
  }
}

TEST_CASE("compression: a higher level gives fewer bytes", "[layers]") {
  const std::string plain = sample_bytes(2'000'000);
  const auto size = [&](LayerCompression type, int level) {
    return compress({.type = type, .level = level}, plain).size();
  };
  CHECK(size(LayerCompression::gzip, 0) > plain.size());
  CHECK(size(LayerCompression::gzip, 9) < size(LayerCompression::gzip, 1));
  CHECK(size(LayerCompression::gzip, 1) < plain.size());
  CHECK(size(LayerCompression::zstd, 19) < size(LayerCompression::zstd, 1));
}

TEST_CASE("compression: gzip stores what would not become smaller", "[layers]") {
  std::mt19937 random(1);
  std::string noise(300'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  std::string text;
  while (text.size() < 300'000) text += "line " + std::to_string(random() % 1000) + "\n";
  const CompressionOptions gzip{.type = LayerCompression::gzip, .level = {}};
  for (const std::string& plain :
       {noise, noise + text, text + noise, noise.substr(0, 40'000) + text + noise + text}) {
    CHECK((decompress(LayerCompression::gzip, compress(gzip, plain)) == plain));
  }
  const auto stored = compress(gzip, noise).size();
  CHECK(stored > noise.size());
  CHECK(stored < noise.size() + 100);
  // Neither costs the other more than its head.
  CHECK(compress(gzip, noise + text).size() < stored + compress(gzip, text).size() + 32'768);
}

TEST_CASE("compression: the default levels are gzip 5 and zstd 3", "[layers]") {
  const std::string plain = sample_bytes(500'000);
  for (const auto& [type, level] :
       {std::pair{LayerCompression::gzip, 5}, {LayerCompression::zstd, 3}}) {
    CHECK(compress({.type = type, .level = {}}, plain) ==
          compress({.type = type, .level = level}, plain));
  }
}

TEST_CASE("compression: the bytes depend neither on threads nor on the sizes of writes",
          "[layers]") {
  const std::string plain = sample_bytes(9'000'000);
  for (const auto type : {LayerCompression::gzip, LayerCompression::zstd}) {
    const std::string one =
        compress({.type = type, .level = {}}, plain, {.threads = 1, .write_bytes = 1 << 16});
    CHECK(
        (compress({.type = type, .level = {}}, plain, {.threads = 2, .write_bytes = 777}) == one));
    CHECK((compress({.type = type, .level = {}}, plain, {.threads = 5, .write_bytes = 9'000'000}) ==
           one));
  }
}

TEST_CASE("compression: gzip members are fixed in header, size and trailer", "[layers]") {
  const std::string packed =
      compress({.type = LayerCompression::gzip, .level = {}}, std::string(1000, 'x'));
  const std::string header("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  CHECK(packed.substr(0, 10) == header);
  CHECK(le32(packed, packed.size() - 4) == 1000);

  const std::string plain = sample_bytes((2 << 20) + 5);
  const std::string blocks = compress({.type = LayerCompression::gzip, .level = {}}, plain);
  std::string by_hand;
  for (const std::size_t at : {0, 1 << 20, 2 << 20}) {
    by_hand += compress({.type = LayerCompression::gzip, .level = {}}, plain.substr(at, 1 << 20));
  }
  CHECK((blocks == by_hand));
}

TEST_CASE("compression: an empty input gives an empty member or frame", "[layers]") {
  CHECK(compress({.type = LayerCompression::gzip, .level = {}}, "").size() == 20 + 3);
  CHECK(decompress(LayerCompression::zstd,
                   compress({.type = LayerCompression::zstd, .level = {}}, ""))
            .empty());
  CHECK(compress({.type = LayerCompression::none, .level = {}}, "").empty());
}

TEST_CASE("compression: levels that a format does not have are refused", "[layers]") {
  base::ThreadPool pool(1);
  base::StringSink out;
  for (const CompressionOptions& bad : {CompressionOptions{LayerCompression::gzip, 10},
                                        CompressionOptions{LayerCompression::gzip, -1},
                                        CompressionOptions{LayerCompression::zstd, 0},
                                        CompressionOptions{LayerCompression::zstd, 23},
                                        CompressionOptions{LayerCompression::none, 1}}) {
    CHECK_THROWS_AS(make_compressor(bad, out, pool), base::UsageError);
  }
}

TEST_CASE("compression: a sink that fails is heard of, at the latest by finish", "[layers]") {
  const std::string plain = sample_bytes(3'000'000);
  for (const auto type : kTypes) {
    base::ThreadPool pool(2);
    BrokenSink out;
    const auto compressor = make_compressor({.type = type, .level = {}}, out, pool);
    const auto run = [&] {
      compressor->write(base::as_bytes(plain));
      compressor->finish();
    };
    CHECK_THROWS_WITH(run(), "the sink is broken");
  }
}

TEST_CASE("compression: a compressor may be dropped in the middle", "[layers]") {
  base::ThreadPool pool(2);
  base::StringSink out;
  for (const auto type : kTypes) {
    const auto compressor = make_compressor({.type = type, .level = {}}, out, pool);
    compressor->write(base::as_bytes(sample_bytes(5'000'000)));
  }
  SUCCEED("nothing hangs and nothing leaks");
}

TEST_CASE("compression: a task of the pool may compress on the same pool", "[layers]") {
  base::ThreadPool pool(1);
  const std::string plain = sample_bytes(4'000'000);
  auto packed = pool.submit([&] {
    base::StringSink out;
    const auto compressor =
        make_compressor({.type = LayerCompression::gzip, .level = {}}, out, pool);
    compressor->write(base::as_bytes(plain));
    compressor->finish();
    return out.take();
  });
  CHECK((decompress(LayerCompression::gzip, packed.get()) == plain));
}

TEST_CASE("compression: the first bytes tell the format", "[layers]") {
  const auto detect = [](std::string_view text) {
    return detect_compression(base::as_bytes(text));
  };
  CHECK(detect(compress({.type = LayerCompression::gzip, .level = {}}, "x")) ==
        LayerCompression::gzip);
  CHECK(detect(compress({.type = LayerCompression::zstd, .level = {}}, "x")) ==
        LayerCompression::zstd);
  CHECK(detect(std::string("\x5a\x2a\x4d\x18\0\0\0\0", 8)) == LayerCompression::zstd);
  CHECK(detect("etc/passwd") == LayerCompression::none);
  CHECK(detect("\x1f\x8b") == LayerCompression::none);
  CHECK(detect("") == LayerCompression::none);
}

}  // namespace ibuild::layers
