#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "base/stream.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "registry/blob_destination.h"
#include "registry/growing_blob.h"

namespace ibuild::registry {

/// A registry refused or failed, after retries. what() names method, URL (without secrets), status,
/// the registry's own code and message, and which credential was used (from which file).
class RegistryError : public base::Error {
 public:
  RegistryError(int status, std::vector<std::string> codes, bool retryable, std::string message);
  int status() const { return status_; }  // 0: no answer at all
  const std::vector<std::string>& codes() const { return codes_; }
  bool retryable() const { return retryable_; }
  /// What the registry's Retry-After field asks for.
  const std::optional<std::chrono::seconds>& retry_after() const { return retry_after_; }
  void set_retry_after(std::chrono::seconds time) { retry_after_ = time; }

 private:
  int status_;
  std::vector<std::string> codes_;
  bool retryable_;
  std::optional<std::chrono::seconds> retry_after_;
};

/// A manifest as the registry sent it, checked against its digest.
struct FetchedManifest {
  image::Descriptor descriptor;  // media type, digest, size
  std::string bytes;
};

/// Reads bytes for an upload; called again from the start for a retry.
using BlobOpener = std::function<std::unique_ptr<base::ByteSource>()>;

enum class UploadOutcome { already_there, mounted, uploaded };

enum class DeleteOutcome {
  deleted,
  not_there,
  not_served,  // the registry deletes nothing, or no tags
};

using TransferObserver = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

/// The distribution-spec's pull and push, with auth, mirrors, retries. For any thread; one per
/// build. See: distribution-spec; FEATURES RG, AU, RT in docs.
class RegistryClient {
 public:
  virtual ~RegistryClient() = default;

  /// HEAD manifests/<tag or digest>; none for 404. Falls back to GET where HEAD is not served or
  /// tells no digest. Mirrors are asked first, as registries.conf or hosts.toml say.
  virtual std::optional<image::Descriptor> resolve(const image::Reference& reference,
                                                   std::stop_token stop = {}) = 0;
  /// As resolve, but of the registry itself, where push_manifest would send it: a mirror may be
  /// behind.
  virtual std::optional<image::Descriptor> resolve_for_push(const image::Reference& reference,
                                                            std::stop_token stop = {}) = 0;
  /// GET manifests/<…>, digest checked. Throws RegistryError (404 → "… not found").
  virtual FetchedManifest fetch_manifest(const image::Reference& reference,
                                         std::stop_token stop = {}) = 0;
  /// GET blobs/<digest> to `destination`, digest and size checked at the end (ContentError). A
  /// transfer that breaks goes on with Range where it stopped.
  virtual void fetch_blob(const image::Reference& repository, const image::Descriptor& blob,
                          BlobDestination destination, const TransferObserver& observer = {},
                          std::stop_token stop = {}) = 0;
  virtual bool has_blob(const image::Reference& repository, const base::Digest& digest,
                        std::stop_token stop = {}) = 0;
  /// HEAD, then mount from `mount_from` (a repository of the same registry, "library/python"; empty
  /// = none), then POST + PUT.
  virtual UploadOutcome push_blob(const image::Reference& repository, const image::Descriptor& blob,
                                  const BlobOpener& open, const std::string& mount_from = {},
                                  const TransferObserver& observer = {},
                                  std::stop_token stop = {}) = 0;
  /// POST, PATCH while the blob grows, PUT: without asking first whether the registry has it, which
  /// nobody knows. Throws: RegistryError, what `blob` throws; the registry is told of the failure.
  virtual void push_growing_blob(const image::Reference& repository, GrowingBlob& blob,
                                 std::stop_token stop = {}) = 0;
  /// Whether the registry has no such repository yet, or none with a tag. One attempt. Throws:
  /// RegistryError, also where the registry does not tell.
  virtual bool is_new_repository(const image::Reference& repository, std::stop_token stop = {}) = 0;
  /// PUT manifests/<tag or digest of `reference`>; gives the digest the registry names, checked
  /// against ours. A manifest with a subject is added to the list of its referrers (the index under
  /// the tag "sha256-HEX") where the registry keeps no such list itself.
  virtual base::Digest push_manifest(const image::Reference& reference, std::string_view media_type,
                                     std::string_view bytes, std::stop_token stop = {}) = 0;
  /// All tags of a repository, sorted by their bytes. Throws: RegistryError (404: no such
  /// repository).
  virtual std::vector<std::string> list_tags(const image::Reference& repository,
                                             std::stop_token stop = {}) = 0;
  /// All repositories of a registry ("docker.io", "host:5000"), sorted, where it tells them.
  /// Throws: RegistryError where it does not.
  virtual std::vector<std::string> list_repositories(const std::string& host,
                                                     std::stop_token stop = {}) = 0;
  /// What refers to the manifest `reference.digest`: signatures, SBOMs and the like. Of one
  /// artifact type, or all (empty). From the referrers API, or from the index under the tag
  /// "sha256-HEX" where there is no such API. Sorted by digest.
  /// Requires: a digest.
  virtual std::vector<image::Descriptor> list_referrers(const image::Reference& reference,
                                                        const std::string& artifact_type = {},
                                                        std::stop_token stop = {}) = 0;
  /// DELETE manifests/<tag or digest of `reference`>. By digest the manifest goes and with it all
  /// its tags; by tag the tag goes, where the registry can do that. A manifest with a subject also
  /// leaves the index under the tag "sha256-HEX", where that is kept.
  virtual DeleteOutcome delete_manifest(const image::Reference& reference,
                                        std::stop_token stop = {}) = 0;
  /// GET /v2/ with the stored or given credential; throws RegistryError when refused. For `login`.
  virtual void check_login(const std::string& host, const std::string& username,
                           const std::string& password, std::stop_token stop = {}) = 0;
};

/// Where configuration comes from. Every path may be missing.
struct RegistryOptions {
  std::string docker_config_dir;        // $DOCKER_CONFIG or ~/.docker
  std::string docker_auth_config;       // $DOCKER_AUTH_CONFIG: inline JSON
  std::vector<std::string> auth_files;  // containers auth.json chain, first hit wins
  std::string registries_conf;          // $CONTAINERS_REGISTRIES_CONF, --registries-conf,
                                        // ~/.config/containers or /etc/containers/registries.conf
  std::vector<std::string> registries_conf_dirs;  // registries.conf.d
  std::string recorded_aliases;                   // short-name-aliases.conf, which podman writes
  std::vector<std::string> certs_dirs;            // …/certs.d
  std::vector<std::string> hosts_dirs;            // those of them where hosts.toml counts
  std::string cert_dir;                           // for every host, before certs_dirs
  std::string ca_file;                            // additional CA (PEM)
  bool tls_verify = true;
  std::set<std::string> insecure_domains;  // as in names: tls_verify does not count for these
  bool offline = false;                    // nothing is asked of anybody
  int max_connections_per_host = 6;
  int max_attempts = 5;
  std::optional<std::chrono::milliseconds> retry_delay;  // the same each time; none: growing
  std::string user_agent = "ibuild";
  std::string
      explicit_auth_file;   // $REGISTRY_AUTH_FILE: asked before config.json, and where login stores
  std::string http_proxy;   // $HTTP_PROXY
  std::string https_proxy;  // $HTTPS_PROXY
  std::string no_proxy;     // $NO_PROXY
  /// Told of each request, from any thread; empty: nobody.
  std::function<void(const std::string&)> trace = {};
};
/// The options that the environment of this user gives; `user_id` is theirs outside of the user
/// namespace that ibuild may have made.
RegistryOptions registry_options_from_environment(std::uint32_t user_id);

/// Prints something the user should see once (a Warning header, a mirror that failed). May be
/// called from any thread that uses the client.
using WarningSink = std::function<void(const std::string&)>;

std::unique_ptr<RegistryClient> make_registry_client(RegistryOptions options,
                                                     WarningSink warn = {});

}  // namespace ibuild::registry
