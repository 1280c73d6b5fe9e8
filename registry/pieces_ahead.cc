#include "registry/pieces_ahead.h"

#include <algorithm>
#include <utility>

namespace ibuild::registry {

namespace {

/// Sinks may take a copy of what they are given.
constexpr std::size_t kWriteBytes = 256 << 10;

}  // namespace

void PiecesAhead::start(const Source& source, std::uint64_t begin, std::uint64_t blob_size_bytes) {
  std::uint64_t at = pieces_.empty() ? begin : pieces_.back()->end();
  while (at < blob_size_bytes && pieces_.size() < max_pieces_) {
    auto hold = slots_.try_take_further();
    if (!hold) return;
    const std::uint64_t end = std::min(blob_size_bytes, at + kPieceBytes);
    pieces_.push_back(std::make_unique<BlobPiece>(source.session, source.make_request(),
                                                  BlobPiece::Part{.begin = at, .end = end},
                                                  std::move(hold)));
    at = end;
  }
}

void PiecesAhead::write_first(base::ByteSink& out, std::stop_token stop) {
  base::Bytes bytes = pieces_.front()->wait(std::move(stop));
  const auto piece = std::move(pieces_.front());
  pieces_.pop_front();
  const bool failed = bytes.size() < piece->end() - piece->begin();
  if (failed && max_pieces_ > 0) --max_pieces_;
  while (!bytes.empty()) {
    const base::Bytes part = bytes.first(std::min(bytes.size(), kWriteBytes));
    out.write(part);
    bytes = bytes.subspan(part.size());
  }
}

void PiecesAhead::clear() {
  for (const auto& piece : pieces_) piece->cancel();
  pieces_.clear();
}

}  // namespace ibuild::registry
