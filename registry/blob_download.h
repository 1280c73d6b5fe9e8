#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/stream.h"
#include "image/descriptor.h"
#include "registry/content_hash.h"
#include "registry/registry_client.h"
#include "registry/registry_session.h"

namespace ibuild::registry {

/// One blob on its way into a sink, over as many attempts and servers as it takes: each goes on
/// where the one before broke off.
class BlobDownload : private base::ByteSink {
 public:
  BlobDownload(const image::Descriptor& blob, base::ByteSink& out,
               const TransferObserver& observer);

  /// One request for what is still missing.
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
  HttpHeaders request_headers() const;
  /// Whether the body is the blob's, from where on.
  base::ByteSink* begin_body(const HttpHead& head);
  void end_attempt(const RequestRecord& record, const HttpResponse& response);

  const image::Descriptor& blob_;
  base::ByteSink& out_;
  const TransferObserver& observer_;
  ContentHash hash_;
  std::uint64_t done_ = 0;
  std::uint64_t skip_ = 0;  // bytes of this answer that we have already
};

}  // namespace ibuild::registry
