#include "registry/blob_piece.h"

#include <algorithm>

#include "base/error.h"
#include "registry/content_range.h"

namespace ibuild::registry {

/// Takes the part's bytes and no more.
class BlobPiece::Collector : public base::ByteSink {
 public:
  explicit Collector(BlobPiece& piece) : piece_(piece) {}

  base::ByteSink* begin_body(const HttpHead& head) {
    if (head.status != 200 && head.status != 206) return nullptr;
    const auto range = parse_content_range(head.headers);
    if (head.status != 206 || !range || range->begin != piece_.part_.begin) refuse();
    piece_.bytes_.reserve(piece_.part_.end - piece_.part_.begin);
    return this;
  }

  void write(base::Bytes bytes) override {
    const std::uint64_t missing = piece_.part_.end - piece_.part_.begin - piece_.bytes_.size();
    if (bytes.size() > missing) refuse();
    piece_.bytes_.insert(piece_.bytes_.end(), bytes.begin(), bytes.end());
  }

 private:
  [[noreturn]] static void refuse() {
    throw base::ContentError("the answer is not the range that was asked for");
  }

  BlobPiece& piece_;
};

BlobPiece::BlobPiece(RegistrySession& session, ApiRequest request, Part part,
                     std::unique_ptr<TransferSlots::Hold> hold)
    : part_(part),
      hold_(std::move(hold)),
      thread_([this, &session, request = std::move(request)](const std::stop_token& stop) mutable {
        fetch(session, std::move(request), stop);
      }) {}

void BlobPiece::fetch(RegistrySession& session, ApiRequest request, const std::stop_token& stop) {
  Collector collector(*this);
  request.headers.add("Range", range_field(part_.begin, part_.end));
  request.on_head = [&](const HttpHead& head) { return collector.begin_body(head); };
  try {
    session.send(std::move(request), stop);
  } catch (...) {
    // The stream asks for what is missing when it gets here, and tells what is wrong then.
  }
  {
    const std::scoped_lock lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
}

base::Bytes BlobPiece::wait(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return over_; })) throw base::CancelledError();
  return bytes_;
}

}  // namespace ibuild::registry
