#include "layers/hash_pipeline.h"

#include <catch2/catch.hpp>

#include "base/error.h"

namespace ibuild::layers {

namespace {

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

}  // namespace

TEST_CASE("hash_pipeline: gives the SHA-256 of streams of any length", "[layers]") {
  base::ThreadPool pool(2);
  for (std::size_t size : {0UL, 1UL, (1UL << 20) - 1, 1UL << 20, (1UL << 20) + 1, 5'000'001UL}) {
    const std::string text = pattern(size);
    base::StringSink out;
    HashPipeline hash(pool, &out);
    for (std::size_t at = 0; at < size; at += 300'000) {
      hash.write(base::as_bytes(std::string_view(text).substr(at, 300'000)));
    }
    CHECK(hash.finish() == base::sha256_of(text));
    CHECK(hash.size_bytes() == size);
    CHECK(out.text() == text);
  }
}

TEST_CASE("hash_pipeline: a failing sink ends it without harm", "[layers]") {
  class BrokenSink : public base::ByteSink {
   public:
    void write(base::Bytes) override { throw base::Error("disk full"); }
  };
  base::ThreadPool pool(1);
  BrokenSink out;
  const std::string text = pattern(3 << 20);
  HashPipeline hash(pool, &out);
  CHECK_THROWS_WITH(hash.write(base::as_bytes(text)), "disk full");
}

}  // namespace ibuild::layers
