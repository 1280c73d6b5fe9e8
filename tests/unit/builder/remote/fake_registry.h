#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/synchronized.h"
#include "builder/remote/lazy_registry.h"
#include "image/config.h"
#include "image/manifest.h"
#include "registry/registry_client.h"

namespace ibuild::test {

/// What a FakeRegistry holds and what was asked of it. By repository name "docker.io/library/app".
struct RegistryContent {
  std::map<std::string, std::map<std::string, std::string>> tags;  // repository → tag → digest
  std::map<std::string, std::map<std::string, std::string>>
      manifests;                                   // repository → digest → bytes
  std::map<std::string, std::string> media_types;  // digest → media type
  std::map<std::string, std::map<std::string, std::string>> blobs;  // repository → digest → bytes
  std::vector<std::string> requests;   // "HEAD docker.io/library/app:1"
  std::set<std::string> broken_blobs;  // digests that fail in the middle
  bool is_down = false;                // nothing is answered
};

/// A registry in memory. Shared state, so that a test can look at it while the client is owned by
/// others.
class FakeRegistry : public registry::RegistryClient {
 public:
  using Shared = std::shared_ptr<base::Synchronized<RegistryContent>>;
  explicit FakeRegistry(Shared content) : content_(std::move(content)) {}

  std::optional<image::Descriptor> resolve(const image::Reference& reference,
                                           std::stop_token stop) override;
  std::optional<image::Descriptor> resolve_for_push(const image::Reference& reference,
                                                    std::stop_token stop) override {
    return resolve(reference, std::move(stop));
  }
  registry::FetchedManifest fetch_manifest(const image::Reference& reference,
                                           std::stop_token stop) override;
  void fetch_blob(const image::Reference& repository, const image::Descriptor& blob,
                  registry::BlobDestination destination, const registry::TransferObserver& observer,
                  std::stop_token stop) override;
  bool has_blob(const image::Reference& repository, const base::Digest& digest,
                std::stop_token stop) override;
  registry::UploadOutcome push_blob(const image::Reference& repository,
                                    const image::Descriptor& blob, const registry::BlobOpener& open,
                                    const std::string& mount_from,
                                    const registry::TransferObserver& observer,
                                    std::stop_token stop) override;
  void push_growing_blob(const image::Reference& repository, registry::GrowingBlob& blob,
                         std::stop_token stop) override;
  bool is_new_repository(const image::Reference& repository, std::stop_token stop) override;
  base::Digest push_manifest(const image::Reference& reference, std::string_view media_type,
                             std::string_view bytes, std::stop_token stop) override;
  std::vector<std::string> list_tags(const image::Reference& repository, std::stop_token) override;
  std::vector<std::string> list_repositories(const std::string&, std::stop_token) override {
    return {};
  }
  std::vector<image::Descriptor> list_referrers(const image::Reference&, const std::string&,
                                                std::stop_token) override {
    return {};
  }
  registry::DeleteOutcome delete_manifest(const image::Reference& reference,
                                          std::stop_token) override;
  void check_login(const std::string&, const std::string&, const std::string&,
                   std::stop_token) override {}

 private:
  void note(const std::string& request);
  Shared content_;
};

/// A registry and the ways to fill it.
class RegistryFixture {
 public:
  remote::LazyRegistry& client() { return lazy_; }
  base::Synchronized<RegistryContent>::Guard content() { return shared_->lock(); }

  /// Puts an image of the given layers (their bytes) under `name`; gives its manifest's descriptor.
  image::Descriptor add_image(const std::string& name, const std::vector<std::string>& layers,
                              const image::Platform& platform);
  /// Puts an index over `entries`, in the same repository, under `name`.
  image::Descriptor add_index(const std::string& name,
                              const std::vector<image::Descriptor>& entries);
  /// The requests so far that begin with `prefix`.
  std::vector<std::string> requests(const std::string& prefix);

 private:
  FakeRegistry::Shared shared_ = std::make_shared<base::Synchronized<RegistryContent>>();
  remote::LazyRegistry lazy_{std::make_unique<FakeRegistry>(shared_)};
};

}  // namespace ibuild::test
