#pragma once

#include <atomic>
#include <cstddef>
#include <stop_token>

#include "builder/events.h"
#include "builder/remote/blob_transfer.h"
#include "builder/remote/copy_image.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "registry/registry_client.h"

namespace ibuild::remote {

/// Brings blobs from one repository to another without the store, with progress as events of a
/// vertex, and counts what became of them. For any thread.
class BlobCopier {
 public:
  /// Each copied blob takes a connection for its way down and one for its way up; both may be to
  /// one registry, whose connections are limited.
  static constexpr std::size_t kMaxCopies = kMaxTransfers / 2;

  /// Requires: `client` and `events` outlive this.
  BlobCopier(registry::RegistryClient& client, builder::VertexId vertex, builder::EventSink& events)
      : client_(client), vertex_(vertex), events_(events) {}

  /// Bytes flow only where the destination lacks the blob and cannot mount it.
  /// Throws: RegistryError, ContentError, CancelledError.
  void copy(const image::Descriptor& blob, const image::Reference& from, const image::Reference& to,
            std::stop_token stop);
  void count(registry::UploadOutcome outcome);
  /// The counts so far, with what was copied.
  CopyResult result(image::Descriptor copied) const;

 private:
  registry::RegistryClient& client_;
  const builder::VertexId vertex_;
  builder::EventSink& events_;
  std::atomic<std::size_t> sent_ = 0;
  std::atomic<std::size_t> mounted_ = 0;
  std::atomic<std::size_t> there_already_ = 0;
};

}  // namespace ibuild::remote
