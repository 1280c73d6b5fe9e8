#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "registry/auth/authenticator.h"
#include "registry/endpoint.h"
#include "registry/http/http_transport.h"
#include "registry/registry_error.h"
#include "registry/warning_log.h"

namespace ibuild::registry {

/// A request to one registry, without its origin and its credentials.
struct ApiRequest {
  std::string method;
  std::string path;        // "/v2/library/python/manifests/3.7"; begins with /v2 for all places
  std::optional<Url> url;  // where the registry itself told to go on; wins over path
  HttpHeaders headers = {};
  AccessNeed need = {};
  std::function<std::unique_ptr<base::ByteSource>()> open_body = {};
  std::uint64_t body_size_bytes = 0;
  std::function<void(std::uint64_t)> on_sent = {};
  AnswerDelay answer_delay = AnswerDelay::usual;
  std::function<base::ByteSink*(const HttpHead&)> on_head = {};
  std::uint64_t body_cap_bytes = HttpRequest::kDefaultBodyCapBytes;
};

/// An answer of any status, and what an error about it would say.
struct ApiResponse {
  HttpResponse response;
  Url url;  // after redirects
  RequestRecord record;
  bool from_elsewhere = false;   // a redirect led away from the registry
  std::string api_root = "/v2";  // what paths of this registry's API begin with

  int status() const { return response.status; }
  /// Whether it says that bytes are stored: 201, as the specification has it, or another success
  /// that names their digest. Proxies answer 200 with a page of their own.
  bool confirms(const base::Digest& digest) const;
  RegistryError error() const { return error_from_response(record, response); }
};

/// The conversation with one registry: finds out whether it speaks TLS and how it wants to be
/// authenticated, follows redirects, shows its warnings. Tries nothing again but what these need.
/// Thread: any.
class RegistrySession {
 public:
  struct Services {
    HttpTransport& transport;
    WarningLog& warnings;
    /// Whether certs.d or --ca-file hold something for a host: then TLS is tried on loopback too.
    std::function<bool(const std::string& host)> has_own_certificates;
    Authenticator::Services auth;
    /// Fields that the user wants sent to registries; they go to the registry itself only.
    std::map<std::string, std::string> own_fields = {};
  };
  RegistrySession(const Endpoint& endpoint, Services services);

  /// Throws: RegistryError when there is no answer or the token server refuses;
  /// base::CancelledError; what body and sink throw.
  ApiResponse send(ApiRequest request, std::stop_token stop);

 private:
  /// A way to reach the registry.
  struct Access {
    Url base;  // path "/"
    TlsTrust trust;
  };
  static std::vector<Access> ways_to(const Endpoint& endpoint, const Services& services);

  Url target_of(const Access& access, const ApiRequest& request) const;
  void add_own_fields(HttpRequest& http) const;
  ApiResponse send_by(const Access& access, ApiRequest& request, std::stop_token stop);
  ApiResponse send_authorized(const Access& access, const ApiRequest& request,
                              const Authorization& authorization, std::stop_token stop);
  bool is_other_way_better(const TransportError& failure) const;
  void show_warnings(const HttpHeaders& headers);

  Endpoint endpoint_;
  Services services_;
  Authenticator authenticator_;
  std::vector<Access> ways_;
  std::atomic<std::size_t> settled_way_;  // ways_.size(): not known yet
};

}  // namespace ibuild::registry
