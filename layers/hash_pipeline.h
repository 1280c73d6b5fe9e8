#pragma once

#include <cstddef>
#include <cstdint>
#include <future>
#include <vector>

#include "base/digest.h"
#include "base/stream.h"
#include "base/thread_pool.h"

namespace ibuild::layers {

/// SHA-256 of a stream, computed by the pool while the writer goes on: bytes are gathered into
/// blocks of 1 MiB; while a block is hashed by a worker, this thread passes it on to `next` and
/// fills the other one. Streams below one block are hashed where they are.
/// Not for several threads at once. The calling thread must not be one of the pool's workers.
class HashPipeline : public base::ByteSink {
 public:
  /// `next` may be null: nothing but hashing then.
  explicit HashPipeline(base::ThreadPool& pool, base::ByteSink* next = nullptr)
      : pool_(pool), next_(next) {}
  HashPipeline(const HashPipeline&) = delete;
  HashPipeline& operator=(const HashPipeline&) = delete;
  ~HashPipeline() override;

  void write(base::Bytes bytes) override;
  std::uint64_t size_bytes() const { return size_; }
  /// The digest of all bytes; all of them have been passed on by then. Only once.
  base::Digest finish();

 private:
  void flush();

  base::ThreadPool& pool_;
  base::ByteSink* next_;
  base::Sha256 hash_;  // the worker's while hashed_ is valid
  std::vector<std::byte> filling_;
  std::vector<std::byte> hashing_;
  std::future<void> hashed_;  // of hashing_
  std::uint64_t size_ = 0;
};

}  // namespace ibuild::layers
