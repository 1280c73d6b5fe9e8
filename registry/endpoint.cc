#include "registry/endpoint.h"

#include "base/error.h"
#include "base/text.h"
#include "registry/http/url.h"

namespace ibuild::registry {

namespace {

Endpoint::Security security_of(bool insecure) {
  return insecure ? Endpoint::Security::not_required : Endpoint::Security::required;
}

/// The endpoint for a full name "host/path".
Endpoint endpoint_at(const std::string& full_name, const std::string& origin) {
  const std::size_t slash = full_name.find('/');
  Endpoint endpoint;
  endpoint.domain = full_name.substr(0, slash);
  endpoint.repository = slash == std::string::npos ? "" : full_name.substr(slash + 1);
  endpoint.host = api_host(endpoint.domain);
  if (!parse_host_port(endpoint.host) || endpoint.repository.empty()) {
    throw base::UsageError(origin + ": \"" + base::printable(full_name) +
                           "\" is no host[:port]/repository");
  }
  return endpoint;
}

bool serves(const MirrorEntry& mirror, const RegistryEntry& entry,
            const image::Reference& reference) {
  const bool by_digest = reference.digest.has_value();
  if (entry.mirror_by_digest_only && !by_digest) return false;
  if (mirror.pull_from == MirrorEntry::PullFrom::digest_only) return by_digest;
  if (mirror.pull_from == MirrorEntry::PullFrom::tag_only) return !by_digest;
  return true;
}

void check_allowed(const RegistryEntry* entry, const image::Reference& reference) {
  if (entry != nullptr && entry->blocked) {
    throw base::UsageError(reference.name() + ": registry " + entry->prefix + " is blocked by " +
                           entry->origin);
  }
}

}  // namespace

std::string api_host(const std::string& domain) {
  return domain == "docker.io" || domain == "index.docker.io" ? "registry-1.docker.io" : domain;
}

std::vector<Endpoint> pull_endpoints(const RegistriesConf& conf,
                                     const image::Reference& reference) {
  const RegistryEntry* entry = conf.find(reference);
  check_allowed(entry, reference);
  if (entry == nullptr) return {endpoint_at(reference.name(), reference.name())};

  const std::string name = reference.name();
  const std::string rest = name.substr(prefix_match(entry->prefix, reference).value_or(0));
  std::vector<Endpoint> endpoints;
  for (const MirrorEntry& mirror : entry->mirrors) {
    if (!serves(mirror, *entry, reference)) continue;
    Endpoint endpoint = endpoint_at(mirror.location + rest, entry->origin);
    endpoint.security = security_of(mirror.insecure);
    endpoint.kind = Endpoint::Kind::mirror;
    endpoints.push_back(std::move(endpoint));
  }
  Endpoint origin =
      endpoint_at(entry->location.empty() ? name : entry->location + rest, entry->origin);
  origin.security = security_of(entry->insecure);
  endpoints.push_back(std::move(origin));
  return endpoints;
}

Endpoint push_endpoint(const RegistriesConf& conf, const image::Reference& reference) {
  const RegistryEntry* entry = conf.find(reference);
  check_allowed(entry, reference);
  Endpoint endpoint = endpoint_at(reference.name(), reference.name());
  endpoint.security = security_of(entry != nullptr && entry->insecure);
  return endpoint;
}

}  // namespace ibuild::registry
