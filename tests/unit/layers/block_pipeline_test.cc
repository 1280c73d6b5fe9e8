#include "layers/block_pipeline.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <future>
#include <latch>

#include "base/error.h"

namespace ibuild::layers {

namespace {

BlockBuffer block_of(std::string_view text) {
  BlockBuffer block = BlockBuffer::with_room(text.size() + 1);
  std::memcpy(block.data.get(), text.data(), text.size());
  block.size_bytes = text.size();
  return block;
}

BlockBuffer in_brackets(base::Bytes bytes) {
  return block_of("[" + std::string(base::as_text(bytes)) + "]");
}

}  // namespace

TEST_CASE("block_pipeline: results come in the order of the blocks", "[layers]") {
  base::ThreadPool pool(3);
  base::StringSink out;
  BlockPipeline pipeline(pool, out, in_brackets);
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    pipeline.push(block_of(std::to_string(i)));
    expected += "[" + std::to_string(i) + "]";
  }
  pipeline.drain();
  CHECK(out.text() == expected);
}

TEST_CASE("block_pipeline: holds a bounded number of blocks", "[layers]") {
  base::ThreadPool pool(2);
  base::StringSink out;
  std::atomic<int> begun = 0;
  std::atomic<int> most = 0;
  std::size_t written_blocks = 0;
  BlockPipeline pipeline(pool, out, [&](base::Bytes bytes) {
    ++begun;
    return in_brackets(bytes);
  });
  for (int i = 0; i < 100; ++i) {
    pipeline.push(block_of("x"));
    written_blocks = out.text().size() / 3;
    most = std::max(most.load(), i + 1 - static_cast<int>(written_blocks));
  }
  pipeline.drain();
  CHECK(most <= 4);  // two a thread
  CHECK(begun == 100);
}

TEST_CASE("block_pipeline: a busy pool is no reason to wait", "[layers]") {
  base::ThreadPool pool(1);
  std::latch release(1);
  auto blocked = pool.submit([&] { release.wait(); });
  base::StringSink out;
  {
    BlockPipeline pipeline(pool, out, in_brackets);
    for (int i = 0; i < 10; ++i) pipeline.push(block_of("x"));
    pipeline.drain();
  }
  CHECK(out.text().size() == 30);
  release.count_down();
  blocked.get();
}

TEST_CASE("block_pipeline: what a block throws comes out of push or drain", "[layers]") {
  base::ThreadPool pool(2);
  base::StringSink out;
  BlockPipeline pipeline(pool, out, [](base::Bytes bytes) {
    if (base::as_text(bytes) == "3") throw base::Error("three");
    return in_brackets(bytes);
  });
  const auto run = [&] {
    for (int i = 0; i < 10; ++i) pipeline.push(block_of(std::to_string(i)));
    pipeline.drain();
  };
  CHECK_THROWS_WITH(run(), "three");
  CHECK(out.text() == "[0][1][2]");
}

TEST_CASE("block_pipeline: dropped in the middle it leaves the pool usable", "[layers]") {
  base::ThreadPool pool(2);
  base::StringSink out;
  for (int round = 0; round < 50; ++round) {
    BlockPipeline pipeline(pool, out, in_brackets);
    for (int i = 0; i < 3; ++i) pipeline.push(block_of("x"));
  }
  CHECK(pool.submit([] { return 7; }).get() == 7);
}

}  // namespace ibuild::layers
