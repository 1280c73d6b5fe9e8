#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/registry_server.h"

namespace ibuild::e2e {

/// How nginx stands before a registry. Whole requests and answers are buffered, in files where they
/// are large, as nginx does unless told otherwise. Before a registry with TLS it speaks TLS itself,
/// with the same certificate.
struct ReverseProxyOptions {
  std::string body_limit = "0";  // client_max_body_size; "0": none
  /// Blobs are read from another port, which refuses whoever shows a credential there.
  enum class Blobs { here, elsewhere };
  Blobs blobs = Blobs::here;
  std::string token_server = {};  // what is asked for below /auth; empty: the registry
};

/// Debian's nginx on a free port of 127.0.0.1, before a registry. Ended by the destructor.
class ReverseProxy {
 public:
  /// Empty when nginx is here. For can_run("registry", …).
  static std::string why_unavailable();

  /// Blocks: until it listens. Throws: base::Error with its log when it does not start.
  explicit ReverseProxy(const test::RegistryServer& behind, ReverseProxyOptions options = {});
  ~ReverseProxy();
  ReverseProxy(const ReverseProxy&) = delete;
  ReverseProxy& operator=(const ReverseProxy&) = delete;

  /// "127.0.0.1:34567", the domain of references
  std::string host() const;
  /// Ends it and gives a line for each of its answers:
  /// "here PATCH /v2/… 202 from a file, credential".
  std::vector<std::string> end();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ibuild::e2e
