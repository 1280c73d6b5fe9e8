#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/stream.h"
#include "image/descriptor.h"
#include "registry/blob_destination.h"
#include "registry/content_hash.h"
#include "registry/pieces_ahead.h"
#include "registry/registry_client.h"
#include "registry/registry_session.h"

namespace ibuild::registry {

/// One blob on its way into a sink, over as many attempts and servers as it takes: each goes on
/// where the one before broke off. From a registry that answers ranges, a big one comes in several
/// ranges side by side, while the client has connections to spare.
class BlobDownload : private base::ByteSink {
 public:
  BlobDownload(const image::Descriptor& blob, BlobDestination destination,
               const TransferObserver& observer, TransferSlots& slots);

  /// Asks for what is still missing, until it is there or a request fails.
  /// Throws: RegistryError; base::ContentError for bytes that cannot be the blob's; what the sink
  /// throws.
  void attempt(RegistrySession& session, const std::string& repository, std::stop_token stop);
  /// The same from a URL of the descriptor (foreign layers).
  void attempt(HttpTransport& transport, const Url& url, const std::string& user_agent,
               std::stop_token stop);

  std::uint64_t done_bytes() const { return done_; }
  /// Whether every byte has come.
  bool complete() const { return done_ == blob_.size_bytes; }
  /// What the bytes' digest is when it is not the blob's; none when all is well. Only once.
  /// Requires: complete().
  std::optional<base::Digest> find_mismatch();

 private:
  void write(base::Bytes bytes) override;
  ApiRequest request_to(const std::string& repository) const;
  /// Adds a Range, unless all is wanted.
  void ask_for_rest(HttpHeaders& headers) const;
  /// The byte before which the next request is to end; none: the blob's end.
  std::optional<std::uint64_t> choose_end() const;
  /// Whether the body is the blob's, from where on.
  base::ByteSink* begin_body(const HttpHead& head);
  base::ByteSink* begin_part(const HttpHead& head);
  /// The rest of the blob comes in one piece.
  void give_up_ranges();
  void end_attempt(const RequestRecord& record, const HttpResponse& response);

  const image::Descriptor& blob_;
  const BlobDestination destination_;
  const TransferObserver& observer_;
  std::optional<ContentHash> hash_;  // none: the destination has the digest that is asked for
  std::uint64_t done_ = 0;
  std::uint64_t skip_ = 0;            // bytes of this answer that we have already
  std::optional<std::uint64_t> end_;  // of what this request asks for; none: the blob's
  enum class Ranges { not_tried, answered, refused } ranges_ = Ranges::not_tried;
  const std::unique_ptr<TransferSlots::Hold> hold_;
  PiecesAhead ahead_;
};

}  // namespace ibuild::registry
