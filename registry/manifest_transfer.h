#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "registry/registry_client.h"
#include "registry/registry_session.h"

namespace ibuild::registry {

/// A manifest's place: the repository as the endpoint calls it, and tag or digest.
struct ManifestName {
  std::string repository;
  std::string key;
  std::optional<base::Digest> digest;  // what the manifest must have, where the key is a digest
};

/// What a manifest is looked at for; who is going to push shows the right to that at once, and
/// needs no second token.
enum class Intent { pull, push };
/// HEAD; GET where HEAD is not served or leaves something open. None for 404. One attempt.
std::optional<image::Descriptor> head_manifest(RegistrySession& session, const ManifestName& name,
                                               Intent intent, std::stop_token stop);
/// GET, checked against the wanted digest and the one that the registry tells. One attempt.
/// Throws: RegistryError; base::ContentError.
FetchedManifest get_manifest(RegistrySession& session, const ManifestName& name,
                             std::stop_token stop);
struct PutManifest {
  base::Digest digest;  // of the bytes
  /// The registry lists the manifest among what refers to its subject (OCI-Subject).
  bool listed_as_referrer = false;
};
/// PUT. One attempt. Throws: RegistryError; base::ContentError when the registry names another
/// digest.
PutManifest put_manifest(RegistrySession& session, const ManifestName& name,
                         std::string_view media_type, std::string_view bytes, std::stop_token stop);
/// DELETE. One attempt. Throws: RegistryError for other answers than those of DeleteOutcome.
DeleteOutcome delete_manifest(RegistrySession& session, const ManifestName& name,
                              std::stop_token stop);

}  // namespace ibuild::registry
