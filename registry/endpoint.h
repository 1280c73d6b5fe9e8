#pragma once

#include <string>
#include <utility>
#include <vector>

#include "image/reference.h"
#include "registry/http/http_transport.h"
#include "registry/registries_conf.h"

namespace ibuild::registry {

/// How one place is talked to, as hosts.toml has it; the defaults are those of a place that it does
/// not name.
struct PlaceRules {
  /// `by_host`: TLS, and on this machine what is usual there.
  enum class Scheme { by_host, https, http };
  Scheme scheme = Scheme::by_host;
  std::string api_root = "/v2";  // what paths begin with; without a slash at the end
  std::string name_space;        // sent as ?ns=, so that a mirror knows whose image it is
  ConnectionRules connection = {};
  /// Fields that the place, and nobody else, gets with each request.
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string origin;  // the hosts.toml
  bool operator==(const PlaceRules&) const = default;
};

/// Where requests about one repository go.
struct Endpoint {
  enum class Kind { origin, mirror };
  /// Whether the user allows plain HTTP and unknown certificates there.
  enum class Security { required, not_required };

  std::string
      domain;        // as in references, for credentials and certs.d: "docker.io", "127.0.0.1:5000"
  std::string host;  // where to connect: "registry-1.docker.io"
  std::string repository;  // "library/python"
  Security security = Security::required;
  Kind kind = Kind::origin;
  PlaceRules rules = {};
  bool operator==(const Endpoint&) const = default;

  /// "docker.io/library/python", for messages
  std::string name() const { return domain + "/" + repository; }
};

/// The host that serves a domain: Docker Hub's API has a name of its own.
std::string api_host(const std::string& domain);

/// Where to pull from, in order: the mirrors that registries.conf allows for this reference, then
/// the registry itself. Throws: base::UsageError when registries.conf blocks it or names no valid
/// host.
std::vector<Endpoint> pull_endpoints(const RegistriesConf& conf, const image::Reference& reference);
/// Where to push to: always the registry the name tells, never a mirror.
Endpoint push_endpoint(const RegistriesConf& conf, const image::Reference& reference);

}  // namespace ibuild::registry
