// Index files that somebody made on purpose: the sum is right, the rest is not.
#include "layers/index_image.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "base/error.h"
#include "layers/checksum64.h"
#include "layers/layer_index.h"
#include "tests/unit/layers/layer_samples.h"

namespace ibuild::layers {

namespace {

constexpr std::size_t kChecksumAt = 32;
constexpr std::size_t kRecordsAt = 40;
constexpr std::size_t kRecordBytes = 48;

std::string two_links() {
  base::StringSink out;
  test::index_of({test::symlink("aa", "to"), test::symlink("bb", "to")}).serialize(out);
  return out.take();
}

template <typename T>
std::string patched(std::string bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
  std::memset(bytes.data() + kChecksumAt, 0, 8);
  const std::uint64_t sum = checksum64(bytes);
  std::memcpy(bytes.data() + kChecksumAt, &sum, sizeof sum);
  return bytes;
}

/// Loads and looks at everything.
void use(const std::string& bytes) {
  const LayerIndex index = LayerIndex::deserialize(bytes);
  for (const LayerEntry& entry : index.entries()) (void)index.find(entry.path);
}

}  // namespace

TEST_CASE("index_image: the patched file itself is fine", "[layers]") {
  CHECK_NOTHROW(use(patched(two_links(), kRecordsAt + 8, std::uint32_t{5})));
}

TEST_CASE("index_image: places and lengths outside the file are refused", "[layers]") {
  const std::string good = two_links();
  CHECK_THROWS_AS(use(patched(good, 16, std::uint64_t{1} << 60)), base::ContentError);
  CHECK_THROWS_AS(use(patched(good, 24, ~std::uint64_t{0})), base::ContentError);
  CHECK_THROWS_AS(use(patched(good, kRecordsAt, std::uint32_t{1000})), base::ContentError);
  CHECK_THROWS_AS(use(patched(good, kRecordsAt + 4, std::uint16_t{1000})), base::ContentError);
  CHECK_THROWS_AS(use(patched(good, kRecordsAt + 40, std::uint32_t{1000})), base::ContentError);
  const std::size_t first_extra = kRecordsAt + 2 * kRecordBytes + 4;
  CHECK_THROWS_AS(use(patched(good, first_extra, std::uint16_t{60000})), base::ContentError);
  CHECK_THROWS_AS(use(patched(good, first_extra + 2, std::uint16_t{60000})), base::ContentError);
}

TEST_CASE("index_image: values that mean nothing are refused", "[layers]") {
  const std::string good = two_links();
  CHECK_THROWS_AS(use(patched(good, 8, std::uint32_t{99})), base::ContentError);
  CHECK_THROWS_AS(use(patched(good, kRecordsAt + 6, std::uint8_t{9})), base::ContentError);
  CHECK_THROWS_AS(use(patched(good, kRecordsAt + 44, std::uint16_t{010000})), base::ContentError);
}

TEST_CASE("index_image: unsorted and unclean paths are refused", "[layers]") {
  const std::string good = two_links();
  const std::size_t heap = kRecordsAt + 2 * kRecordBytes;
  CHECK_THROWS_AS(use(patched(good, heap, 'z')), base::ContentError);
  CHECK_THROWS_AS(use(patched(good, heap, std::uint16_t{0x2e2e})), base::ContentError);  // ".."
  CHECK_THROWS_AS(use(patched(good, heap, '/')), base::ContentError);
  CHECK_THROWS_AS(use(patched(good, heap + 1, '/')), base::ContentError);
  CHECK_THROWS_AS(use(patched(good, heap + 1, '\0')), base::ContentError);
  CHECK_THROWS_AS(use(patched(good, heap + 2, std::uint16_t{0x6161})), base::ContentError);
}

TEST_CASE("index_image: writing refuses what the form cannot hold", "[layers]") {
  base::StringSink out;
  auto sample = test::file("f");
  sample.entry.xattrs = {{"user.big", std::string(70'000, 'x')}};
  CHECK_THROWS_AS(test::index_of({sample}).serialize(out), base::ContentError);
  CHECK(out.text().empty());
}

TEST_CASE("index_image: the flags are what the entries tell", "[layers]") {
  const auto flags_of = [](const std::vector<test::Sample>& samples) {
    IndexImage::Writer writer;
    for (const auto& sample : samples) writer.add(sample.entry);
    return writer.flags();
  };
  CHECK(flags_of({}) == IndexFlags{});
  CHECK(flags_of({test::directory("a"), test::directory("a/b"), test::file("a/b/f"),
                  test::file("a/g")}) == IndexFlags{});
  CHECK(flags_of({test::directory("a"), test::file("ab/f")}).implicit_directories);
  CHECK(flags_of({test::directory("a"), test::file("a/b/f")}).implicit_directories);
  CHECK(flags_of({test::directory(""), test::opaque("")}).opaque_root);
  CHECK_FALSE(flags_of({test::directory("a"), test::opaque("a")}).opaque_root);
}

TEST_CASE("index_image: what was read is written again byte by byte", "[layers]") {
  const std::string bytes = two_links();
  base::StringSink out;
  LayerIndex::deserialize(bytes).serialize(out);
  CHECK(out.take() == bytes);
}

}  // namespace ibuild::layers
