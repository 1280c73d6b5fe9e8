#include "registry/routes.h"

#include <utility>

namespace ibuild::registry {

const RegistriesConf& Routes::conf() {
  auto conf = conf_.lock();
  if (!*conf) {
    *conf = std::make_unique<const RegistriesConf>(
        RegistriesConf::load(options_.registries_conf, options_.registries_conf_dirs));
  }
  return **conf;
}

const HostsFile* Routes::hosts_for(const image::Reference& reference) {
  if (options_.hosts_dirs.empty() || conf().find(reference) != nullptr) return nullptr;
  auto hosts = hosts_.lock();
  auto found = hosts->find(reference.domain);
  if (found == hosts->end()) {
    auto file = HostsFile::find(options_.hosts_dirs, reference.domain);
    found = hosts->emplace(reference.domain, std::move(file)).first;
  }
  if (!found->second) return nullptr;
  for (const std::string& what : found->second->ignored()) warnings_.show(what);
  return &*found->second;
}

Endpoint Routes::secured(Endpoint endpoint) const {
  if (!options_.tls_verify || options_.insecure_domains.contains(endpoint.domain))
    endpoint.security = Endpoint::Security::not_required;
  return endpoint;
}

std::vector<Endpoint> Routes::to_ask(const image::Reference& reference, Purpose purpose) {
  const HostsFile* hosts = hosts_for(reference);
  auto endpoints =
      hosts != nullptr ? hosts->endpoints(reference, purpose) : pull_endpoints(conf(), reference);
  for (Endpoint& endpoint : endpoints) endpoint = secured(std::move(endpoint));
  return endpoints;
}

Endpoint Routes::to_push(const image::Reference& reference) {
  const HostsFile* hosts = hosts_for(reference);
  return secured(hosts != nullptr ? hosts->endpoints(reference, Purpose::push).front()
                                  : push_endpoint(conf(), reference));
}

Endpoint Routes::to_list(const image::Reference& reference, Purpose purpose) {
  return to_ask(reference, purpose).back();
}

Endpoint Routes::to_log_in(const image::Reference& reference) {
  const HostsFile* hosts = hosts_for(reference);
  return secured(hosts != nullptr ? hosts->server(reference) : push_endpoint(conf(), reference));
}

}  // namespace ibuild::registry
