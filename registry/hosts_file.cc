#include "registry/hosts_file.h"

#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "base/fs_at.h"

namespace ibuild::registry {

namespace {

/// Whether a domain of references means the host and port of the URL.
bool is_at(const Url& url, const std::string& domain) {
  const auto parts = parse_host_port(domain);
  if (!parts || parts->host != url.host) return false;
  return parts->port == 0 ? url.has_default_port() : parts->port == url.port;
}

std::string_view word_of(Purpose purpose) {
  switch (purpose) {
    case Purpose::resolve:
      return "resolve";
    case Purpose::pull:
      return "pull";
    case Purpose::push:
      return "push";
    case Purpose::referrers:
      return "referrers";
  }
  return "";
}

}  // namespace

bool HostCapabilities::allow(Purpose purpose) const {
  switch (purpose) {
    case Purpose::resolve:
      return pull && resolve;
    case Purpose::pull:
      return pull;
    case Purpose::push:
      return push;
    case Purpose::referrers:
      return referrers;
  }
  return false;
}

std::optional<HostsFile> HostsFile::find(const std::vector<std::string>& dirs,
                                         const std::string& domain) {
  const auto read = [&](const std::string& name) -> std::optional<HostsFile> {
    for (const std::string& dir : dirs) {
      const std::string path = dir + "/" + name + "/hosts.toml";
      if (::access(path.c_str(), R_OK) != 0) continue;
      const auto text = base::try_read_host_file(path, kMaxBytes);
      if (text && !text->empty()) return parse(*text, path);
    }
    return std::nullopt;
  };
  for (const std::string& name : folder_names(domain)) {
    if (auto file = read(name)) return file;
  }
  return read("_default");
}

Endpoint HostsFile::endpoint_at(const HostPlace& place, const image::Reference& reference) const {
  Endpoint endpoint;
  const bool named = place.url && !is_at(*place.url, reference.domain);
  endpoint.domain = named ? place.url->authority() : reference.domain;
  // Docker Hub's credentials and certificates have the name that images have.
  if (endpoint.domain == api_host("docker.io")) endpoint.domain = "docker.io";
  endpoint.host = api_host(endpoint.domain);
  endpoint.repository = reference.path;
  endpoint.security = place.security;
  endpoint.kind = &place == &places_.back() ? Endpoint::Kind::origin : Endpoint::Kind::mirror;
  endpoint.rules = place.rules;
  if (endpoint.domain != reference.domain) endpoint.rules.name_space = reference.domain;
  return endpoint;
}

std::vector<Endpoint> HostsFile::endpoints(const image::Reference& reference,
                                           Purpose purpose) const {
  std::vector<Endpoint> result;
  for (const HostPlace& place : places_) {
    if (place.capabilities.allow(purpose)) result.push_back(endpoint_at(place, reference));
  }
  if (!result.empty()) return result;
  throw base::UsageError(reference.name() + ": nobody may be asked, no host in " + path_ +
                         " has the capability \"" + std::string(word_of(purpose)) + "\"");
}

Endpoint HostsFile::server(const image::Reference& reference) const {
  return endpoint_at(places_.back(), reference);
}

}  // namespace ibuild::registry
