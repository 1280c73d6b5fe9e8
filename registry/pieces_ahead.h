#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "registry/blob_piece.h"
#include "registry/registry_session.h"
#include "registry/transfer_slots.h"

namespace ibuild::registry {

/// Blobs of this size are asked for in ranges, so that several can come at once: one connection
/// rarely fills a long line.
inline constexpr std::uint64_t kRangesFromBytes = 32 << 20;
/// A range; with kMaxFurther of them in memory. Large, as each costs a round of requests.
inline constexpr std::uint64_t kPieceBytes = 6 << 20;

/// The pieces of one blob that come beside its stream, without gaps between them. Not for several
/// threads at once.
class PiecesAhead {
 public:
  explicit PiecesAhead(TransferSlots& slots) : slots_(slots) {}
  PiecesAhead(const PiecesAhead&) = delete;
  PiecesAhead& operator=(const PiecesAhead&) = delete;
  ~PiecesAhead() { clear(); }

  bool empty() const { return pieces_.empty(); }
  /// Where the first one begins. Requires: not empty.
  std::uint64_t begin() const { return pieces_.front()->begin(); }

  /// Where the pieces come from.
  struct Source {
    RegistrySession& session;
    std::function<ApiRequest()> make_request;
  };
  /// Starts as many as may be, from the last one's end on, or from `begin` when there is none.
  void start(const Source& source, std::uint64_t begin, std::uint64_t blob_size_bytes);
  /// Writes the first piece, as far as it came. Blocks until its request is over.
  /// Requires: not empty. Throws: base::CancelledError; what the sink throws.
  void write_first(base::ByteSink& out, std::stop_token stop);
  void clear();

 private:
  TransferSlots& slots_;
  /// Fewer after each that failed: the server may want fewer.
  std::size_t max_pieces_ = TransferSlots::kMaxFurther;
  std::deque<std::unique_ptr<BlobPiece>> pieces_;
};

}  // namespace ibuild::registry
