#include "registry/make_transport.h"

#include <utility>

#include "base/error.h"
#include "registry/http/socket_transport.h"
#include "registry/tracing_transport.h"

namespace ibuild::registry {

namespace {

class OfflineTransport : public HttpTransport {
 public:
  HttpResponse send(const HttpRequest& request, std::stop_token) override {
    base::Error error(request.method + " " + request.url.redacted() + ": not sent, for --offline");
    error.set_hint("what is needed has to be in the store: do the same once without --offline");
    throw error;
  }
};

std::unique_ptr<HttpTransport> make_silent_transport(const RegistryOptions& options) {
  if (options.offline) return std::make_unique<OfflineTransport>();
  return make_socket_transport({.certs_dirs = {.all = options.certs_dirs,
                                               .with_hosts_files = options.hosts_dirs,
                                               .for_every_host = options.cert_dir},
                                .ca_file = options.ca_file,
                                .max_connections_per_host = options.max_connections_per_host,
                                .timeouts = {},
                                .proxies = {.http_proxy = options.http_proxy,
                                            .https_proxy = options.https_proxy,
                                            .no_proxy = options.no_proxy}});
}

}  // namespace

std::unique_ptr<HttpTransport> make_transport(const RegistryOptions& options) {
  auto transport = make_silent_transport(options);
  if (!options.trace) return transport;
  return std::make_unique<TracingTransport>(std::move(transport), options.trace);
}

}  // namespace ibuild::registry
