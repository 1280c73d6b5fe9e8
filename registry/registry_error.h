#pragma once

#include <string>

#include "registry/http/http_transport.h"
#include "registry/registry_client.h"

namespace ibuild::registry {

/// What an error says about the request that failed.
struct RequestRecord {
  std::string method;
  Url url;
  std::string domain;  // as the user names the registry, for hints: "docker.io"
  std::string
      credential;  // "credential of \"u\" from /home/u/.docker/config.json"; empty: none was sent
};

/// "GET https://host/v2/x/manifests/1: 404 MANIFEST_UNKNOWN: manifest unknown (no credential)" for
/// an answer that is not the one wanted, with a hint and whether it is worth a retry.
RegistryError error_from_response(const RequestRecord& record, const HttpResponse& response);
/// The same for no answer.
RegistryError error_from_failure(const RequestRecord& record, const TransportError& error);
/// The same with own words, where status and body tell nothing.
RegistryError error_with_words(const RequestRecord& record, int status, const std::string& words);

/// Whether the answer of a server says that it expects TLS on the port where we spoke plain HTTP.
bool asks_for_tls(const HttpResponse& response);

}  // namespace ibuild::registry
