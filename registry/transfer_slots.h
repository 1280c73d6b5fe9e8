#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

namespace ibuild::registry {

/// How many downloads a client has under way, and whether one of them may have another stream
/// beside its own: while connections are free, and while what those streams hold in memory stays
/// small. Outlives its holds. Thread: any.
class TransferSlots {
 public:
  explicit TransferSlots(int max_streams) : max_streams_(max_streams) {}

  /// Counts as a stream for as long as it lives.
  class Hold {
   public:
    Hold(TransferSlots& slots, int TransferSlots::*counter) : slots_(slots), counter_(counter) {}
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold();

   private:
    TransferSlots& slots_;
    int TransferSlots::*counter_;
  };

  /// For a download's own stream; there is always one.
  std::unique_ptr<Hold> take();
  /// For one more stream; null when there is none to be had.
  std::unique_ptr<Hold> try_take_further();

  /// Streams beside the downloads' own, all downloads together. Each holds kPieceBytes at most.
  static constexpr int kMaxFurther = 4;

 private:
  const int max_streams_;
  std::mutex mutex_;
  int downloads_ = 0;  // guarded by mutex_
  int further_ = 0;    // guarded by mutex_
};

}  // namespace ibuild::registry
