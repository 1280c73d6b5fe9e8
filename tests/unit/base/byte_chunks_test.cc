#include "base/byte_chunks.h"

#include <catch2/catch.hpp>
#include <string>

namespace ibuild::base {

TEST_CASE("byte_chunks: gives back all bytes in their order, of short and of long pieces",
          "[base]") {
  ByteChunks chunks;
  std::string wanted;
  const auto append = [&](const std::string& text) {
    chunks.append(text);
    wanted += text;
    CHECK(chunks.size() == wanted.size());
  };
  append("");
  append("a");
  for (std::size_t size = 1; size < 3'000'000; size = size * 3 + 1)
    append(std::string(size, static_cast<char>('a' + size % 26)));
  append("end");
  std::string all(chunks.size(), '\0');
  chunks.move_to(all.data());
  CHECK(all == wanted);
  CHECK(chunks.size() == 0);
  chunks.append("again");
  std::string again(chunks.size(), '\0');
  chunks.move_to(again.data());
  CHECK(again == "again");
}

}  // namespace ibuild::base
