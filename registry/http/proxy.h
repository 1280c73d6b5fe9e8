#pragma once

#include <optional>
#include <string>

#include "registry/http/url.h"

namespace ibuild::registry {

/// What HTTP_PROXY, HTTPS_PROXY and NO_PROXY say. Empty: no proxy.
struct ProxySettings {
  std::string http_proxy;
  std::string https_proxy;
  std::string no_proxy;
};

/// The settings of the environment: upper case first, then lower case.
ProxySettings proxy_settings_from_environment();

/// The proxy for `url`; none for a direct connection. Loopback hosts are always reached directly.
/// NO_PROXY is a list of "*", names ("example.com" stands for its sub-domains too), addresses, CIDR
/// blocks, each with an optional port. Throws: base::UsageError for a proxy that is no http(s) URL.
std::optional<Url> proxy_for(const ProxySettings& settings, const Url& url);

}  // namespace ibuild::registry
