#include "builder/remote/lazy_registry.h"

namespace ibuild::remote {

registry::RegistryClient& LazyRegistry::client() {
  const std::lock_guard lock(mutex_);
  if (!client_) client_ = registry::make_registry_client(options_, warn_);
  return *client_;
}

}  // namespace ibuild::remote
