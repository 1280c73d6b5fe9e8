#pragma once

#include <memory>
#include <mutex>

#include "registry/registry_client.h"

namespace ibuild::remote {

/// The registry client, made when it is first needed: a build that asks no registry does not pay
/// for reading its configuration. For any thread.
class LazyRegistry {
 public:
  explicit LazyRegistry(registry::RegistryOptions options, registry::WarningSink warn = {})
      : options_(std::move(options)), warn_(std::move(warn)) {}
  /// A client that exists already (tests).
  explicit LazyRegistry(std::unique_ptr<registry::RegistryClient> client)
      : client_(std::move(client)) {}

  /// Throws: what making the client throws (an unreadable registries.conf, a bad CA file), on every
  /// call.
  registry::RegistryClient& client();

 private:
  std::mutex mutex_;
  registry::RegistryOptions options_;
  registry::WarningSink warn_;
  std::unique_ptr<registry::RegistryClient> client_;
};

}  // namespace ibuild::remote
