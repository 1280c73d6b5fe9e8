#include "layers/compressibility.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "base/stream.h"

namespace ibuild::layers {
namespace {

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string repeated(const std::string& part, std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += part;
  bytes.resize(size);
  return bytes;
}

}  // namespace

TEST_CASE("compressibility: even values without repeats are not worth the attempt", "[layers]") {
  CHECK(looks_incompressible(base::as_bytes(noise(kPieceBytes))));
  CHECK(looks_incompressible(base::as_bytes(noise(5000))));
}

TEST_CASE("compressibility: everything else is", "[layers]") {
  std::string digits;
  for (int i = 0; digits.size() < kPieceBytes; ++i) digits += std::to_string(i * 7919) + ",";
  CHECK_FALSE(looks_incompressible(base::as_bytes(digits)));
  CHECK_FALSE(looks_incompressible(base::as_bytes(std::string(kPieceBytes, '\0'))));
  // Evenly spread, but twice over:
  CHECK_FALSE(looks_incompressible(base::as_bytes(repeated(noise(2000), kPieceBytes))));
  // Noise at first, text later:
  CHECK_FALSE(looks_incompressible(base::as_bytes(noise(2000) + digits.substr(0, 5000))));
  // Too little to tell:
  CHECK_FALSE(looks_incompressible(base::as_bytes(noise(500))));
  CHECK_FALSE(looks_incompressible({}));
}

TEST_CASE("compressibility: a block is cut where it changes", "[layers]") {
  const std::string even = noise(kPieceBytes);
  const std::string zeros(kPieceBytes, '\0');
  const std::string block = zeros + zeros + even + even + even + zeros.substr(0, 100);
  const auto runs = runs_of(base::as_bytes(block));
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].is_compressible);
  CHECK(runs[0].bytes.size() == 2 * kPieceBytes);
  CHECK_FALSE(runs[1].is_compressible);
  CHECK(runs[1].bytes.size() == 3 * kPieceBytes);
  CHECK(runs[2].is_compressible);
  CHECK(runs[2].bytes.size() == 100);
  // One piece alone is no reason to cut.
  CHECK(runs_of(base::as_bytes(zeros + even + zeros)).size() == 1);
  CHECK(runs_of(base::as_bytes(even)).at(0).is_compressible);
  REQUIRE(runs_of({}).size() == 1);
  CHECK(runs_of({})[0].is_compressible);
}

}  // namespace ibuild::layers
