#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/stream.h"
#include "base/unique_fd.h"
#include "layers/content_store.h"
#include "layers/layer.h"

namespace ibuild::layers {

/// A blob that is being fetched into the store by a thread of its own, readable while it comes.
/// The bytes lie in the ingest's file, so a slow reader costs no memory.
/// The destructor stops the transfer; without commit() nothing is left.
class BlobFeed : public base::ByteSource {
 public:
  using Observer = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

  /// Requires: `layer` has blob and provider and outlives the feed.
  BlobFeed(const ContentStore& content, const Layer& layer, std::stop_token stop,
           Observer observer);
  BlobFeed(const BlobFeed&) = delete;
  BlobFeed& operator=(const BlobFeed&) = delete;
  ~BlobFeed() override;

  /// Blocks until bytes have come. Throws what the provider threw.
  std::size_t read(std::span<std::byte> buffer) override;
  /// Waits for the end of the transfer, checks size and digest, and puts the blob into the store.
  /// Throws: ContentError, what the provider threw.
  void commit();

 private:
  class Receiver;
  void fetch(std::stop_token stop);

  const Layer& layer_;
  Observer observer_;
  std::unique_ptr<Ingest> ingest_;
  base::UniqueFd file_;  // of the ingest, for reading
  std::uint64_t position_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t available_ = 0;  // guarded by mutex_, as the next two
  bool ended_ = false;
  std::exception_ptr failure_;

  std::stop_source stop_;
  std::stop_callback<std::function<void()>> outer_stop_;
  std::jthread thread_;  // last: uses all the others
};

}  // namespace ibuild::layers
