#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "image/descriptor.h"
#include "registry/growing_blob.h"
#include "registry/registry_client.h"
#include "registry/registry_session.h"
#include "registry/upload_body.h"

namespace ibuild::registry {

/// Whether the repository holds the blob. One attempt. Throws: RegistryError.
bool head_blob(RegistrySession& session, const std::string& repository, const base::Digest& digest,
               AccessNeed need, std::stop_token stop);

/// One blob on its way into a repository, over as many attempts as it takes: each goes on where the
/// registry says that the one before broke off.
class BlobUpload {
 public:
  struct Job {
    const std::string& repository;
    const image::Descriptor& blob;
    const BlobOpener& open;
    const std::string& mount_from;  // empty: no mount
    const TransferObserver& observer;
  };
  BlobUpload(RegistrySession& session, const Job& job)
      : session_(session),
        repository_(job.repository),
        mount_from_(job.mount_from),
        observer_(job.observer),
        blob_(job.blob),
        body_(job.open) {}
  /// Of a blob that is not complete yet, which outlives this.
  BlobUpload(RegistrySession& session, std::string repository, GrowingBlob& growing)
      : session_(session),
        repository_(std::move(repository)),
        growing_(&growing),
        body_([&growing] { return growing.open(); }) {}

  /// HEAD, then mount, then POST and PUT. Where the upload broke off: its status, PATCH for the
  /// rest, PUT. Where one request is too large for the registry or a proxy: smaller PATCHes, PUT.
  /// Of a blob that is growing: POST, a PATCH whenever there is enough for one, PUT.
  /// One attempt. Throws: RegistryError; base::ContentError; what the source throws.
  UploadOutcome attempt(std::stop_token stop);

  /// Tells the registry that nothing will become of an upload that is under way, so that it need
  /// not keep what it has got. Throws: base::CancelledError; that it does not work is no matter.
  void abandon(std::stop_token stop);

  /// How much of the blob the registry has said to have.
  std::uint64_t done_bytes() const { return offset_; }

 private:
  /// Starts an upload, with a mount where there is a repository to mount from. Gives where the
  /// bytes go; none when the registry has mounted the blob.
  std::optional<Url> begin(std::stop_token stop);
  ApiResponse post(const std::string& query, const std::vector<std::string>& wishes,
                   std::stop_token stop);
  /// Whether the upload of the attempt before can go on; asks the registry how far it has got.
  bool resume(std::stop_token stop);
  void forget_upload();
  void note_least_chunk(const ApiResponse& answer);
  /// Makes requests smaller; false when they cannot get any smaller.
  bool shrink_chunks();
  /// How many bytes of the blob there are to be sent; waits for some where it is growing.
  std::uint64_t wait_for_bytes(std::stop_token stop);
  Url location_of(const ApiResponse& answer) const;

  void send(std::stop_token stop);
  ApiRequest request_with(const char* method, std::uint64_t offset, std::uint64_t size_bytes);
  /// Sends what lies before `end`, or the first part of it.
  void patch(std::uint64_t end, std::stop_token stop);
  void put(std::uint64_t size_bytes, std::stop_token stop);
  void check_digest(const ApiResponse& answer) const;

  RegistrySession& session_;
  const std::string repository_;
  const std::string mount_from_;
  const TransferObserver observer_;
  GrowingBlob* growing_ = nullptr;  // until it is whole
  image::Descriptor blob_;          // unless it is growing
  UploadBody body_;
  std::optional<Url> location_;  // of the upload that is under way
  std::uint64_t offset_ = 0;     // how much of it the registry has
  std::uint64_t sent_ = 0;       // how much may have reached it
  std::uint64_t asked_ = 0;      // size of the latest request's body
  std::uint64_t chunk_ = 0;      // largest body of a request; 0: no limit
  std::uint64_t least_chunk_ = 0;
};

}  // namespace ibuild::registry
