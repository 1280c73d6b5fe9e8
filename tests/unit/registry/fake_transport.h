#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "registry/make_client.h"

namespace ibuild::test {

/// A request as a server would have seen it.
struct SeenRequest {
  std::string method;
  std::string url;
  registry::HttpHeaders headers;
  std::string body;
  registry::TlsTrust trust = registry::TlsTrust::verified;
  registry::ConnectionRules connection = {};

  /// "GET http://host/path"
  std::string line() const { return method + " " + url; }
  std::string authorization() const { return headers.get("Authorization"); }
};

/// What a FakeTransport gives back.
struct FakeAnswer {
  int status = 200;
  registry::HttpHeaders headers = {};
  std::string body = {};
  /// After the body has been given: the connection fails like this.
  std::optional<registry::TransportFailure> failure = {};
};

/// Answers requests with a function in place of a network. For several threads: the function is
/// called by one at a time.
class FakeTransport : public registry::HttpTransport {
 public:
  using Handler = std::function<FakeAnswer(const SeenRequest&)>;
  /// What happened; outlives the transport.
  struct Log {
    std::vector<SeenRequest> requests;
    std::vector<std::string> lines() const;
    /// The times waited between attempts, in milliseconds.
    std::vector<std::int64_t> waits;
    std::vector<std::string> warnings;
  };
  FakeTransport(Handler handler, std::shared_ptr<Log> log)
      : handler_(std::move(handler)), log_(std::move(log)) {}

  registry::HttpResponse send(const registry::HttpRequest& request, std::stop_token stop) override;

 private:
  std::mutex mutex_;
  Handler handler_;
  std::shared_ptr<Log> log_;  // shared with the test
};

/// A client over a FakeTransport, with what it has done.
struct FakeNetwork {
  explicit FakeNetwork(FakeTransport::Handler handler, registry::RegistryOptions options = {});
  std::shared_ptr<FakeTransport::Log> log;
  std::unique_ptr<registry::RegistryClient> client;
};

/// host/path:tag
image::Reference reference(const std::string& domain, const std::string& path,
                           const std::string& tag = "1");

/// The message of the RegistryError that `action` throws, with the hint after " | ".
template <typename Action>
std::string registry_error_of(Action action) {
  try {
    action();
  } catch (const registry::RegistryError& error) {
    return error.what() + (error.hint().empty() ? "" : " | " + error.hint());
  }
  return "(no error)";
}

}  // namespace ibuild::test
