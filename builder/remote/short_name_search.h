#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/synchronized.h"
#include "image/reference.h"
#include "registry/registry_client.h"
#include "registry/short_names.h"

namespace ibuild::remote {

/// Finds out which registry a name without a host means, by this machine's registries.conf, which
/// is read when the first such name comes. For any thread.
class ShortNameSearch {
 public:
  explicit ShortNameSearch(registry::RegistryOptions options) : options_(std::move(options)) {}
  /// With names that are known already (tests).
  explicit ShortNameSearch(registry::ShortNames names)
      : names_(std::make_unique<const registry::ShortNames>(std::move(names))) {}

  struct Found {
    image::Reference reference;  // with its registry
    /// How it was found, for the user, and who could not be asked before; empty for a name that had
    /// its registry already.
    std::vector<std::string> remarks = {};
  };
  /// Whether there is such an image. What it throws is a no as long as somebody else may have it.
  using Has = std::function<bool(const image::Reference&)>;

  /// The first candidate that `has` takes; what names a registry itself is not tried.
  /// Throws: base::UsageError where nobody may be asked; base::Error that lists the candidates when
  /// none has it; what `has` throws of a lone candidate; CancelledError.
  Found in_registries(const image::Reference& name, const Has& has);
  /// The same where the registry's manifests are what counts. A lone candidate is not asked.
  Found find_image(const image::Reference& name, registry::RegistryClient& client,
                   const std::stop_token& stop);

  const registry::ShortNames& names();

 private:
  registry::RegistryOptions options_;
  base::Synchronized<std::unique_ptr<const registry::ShortNames>> names_;
};

/// What is told of a name that was found.
std::string resolved_remark(const image::Reference& name, const image::Reference& found,
                            const std::string& reason);

}  // namespace ibuild::remote
