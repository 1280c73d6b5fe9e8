#pragma once

#include <memory>

#include "registry/http/http_transport.h"
#include "registry/registry_client.h"

namespace ibuild::registry {

/// What sends requests: sockets, or, where the options say offline, something that refuses to with
/// a base::Error that names the request.
std::unique_ptr<HttpTransport> make_transport(const RegistryOptions& options);

}  // namespace ibuild::registry
