#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/stream.h"
#include "registry/registry_session.h"
#include "registry/transfer_slots.h"

namespace ibuild::registry {

/// A part of a blob that a thread of its own fetches into memory, ahead of the stream that it
/// belongs to. One request: when it fails, what came until then is there. The destructor ends it.
class BlobPiece {
 public:
  struct Part {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;  // the byte after the last
  };
  /// Requires: `session` outlives the piece.
  BlobPiece(RegistrySession& session, ApiRequest request, Part part,
            std::unique_ptr<TransferSlots::Hold> hold);
  BlobPiece(const BlobPiece&) = delete;
  BlobPiece& operator=(const BlobPiece&) = delete;

  std::uint64_t begin() const { return part_.begin; }
  std::uint64_t end() const { return part_.end; }
  /// Blocks until the request is over. Gives the bytes from begin() on; fewer than asked for when
  /// it failed. Throws: base::CancelledError.
  base::Bytes wait(std::stop_token stop);
  /// Ends the request without waiting for that.
  void cancel() { thread_.request_stop(); }

 private:
  class Collector;
  void fetch(RegistrySession& session, ApiRequest request, const std::stop_token& stop);

  const Part part_;
  const std::unique_ptr<TransferSlots::Hold> hold_;
  std::vector<std::byte> bytes_;  // the thread's until over_
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool over_ = false;    // guarded by mutex_
  std::jthread thread_;  // last: uses all the others
};

}  // namespace ibuild::registry
