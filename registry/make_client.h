#pragma once

#include <memory>

#include "registry/http/http_transport.h"
#include "registry/registry_client.h"
#include "registry/retry.h"

namespace ibuild::registry {

/// What a client is put together from; tests bring their own.
struct ClientParts {
  std::unique_ptr<HttpTransport> transport;
  Waiter wait;  // between attempts
};

std::unique_ptr<RegistryClient> make_registry_client(RegistryOptions options, WarningSink warn,
                                                     ClientParts parts);

}  // namespace ibuild::registry
