#pragma once

#include <stop_token>
#include <string>

#include "image/descriptor.h"
#include "registry/registry_client.h"
#include "registry/registry_session.h"

namespace ibuild::registry {

/// Whether the repository holds the blob. One attempt. Throws: RegistryError.
bool head_blob(RegistrySession& session, const std::string& repository, const base::Digest& digest,
               AccessNeed need, std::stop_token stop);

/// One blob on its way into a repository.
class BlobUpload {
 public:
  struct Job {
    const std::string& repository;
    const image::Descriptor& blob;
    const BlobOpener& open;
    const std::string& mount_from;  // empty: no mount
    const TransferObserver& observer;
  };
  BlobUpload(RegistrySession& session, const Job& job) : session_(session), job_(job) {}

  /// HEAD, then mount, then POST and PUT. One attempt, from the start. Throws: RegistryError;
  /// base::ContentError; what the source throws.
  UploadOutcome attempt(std::stop_token stop);

 private:
  /// Starts an upload, with a mount where there is a repository to mount from. Gives where the
  /// bytes go; none when the registry has mounted the blob.
  std::optional<Url> begin(std::stop_token stop);
  ApiResponse post(const std::string& query, const std::vector<std::string>& wishes,
                   std::stop_token stop);
  Url location_of(const ApiResponse& answer) const;
  void put(const Url& location, std::stop_token stop);
  void check_digest(const ApiResponse& answer) const;

  RegistrySession& session_;
  Job job_;
};

}  // namespace ibuild::registry
