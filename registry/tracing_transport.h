#pragma once

#include <functional>
#include <memory>
#include <string>

#include "registry/http/http_transport.h"

namespace ibuild::registry {

/// Tells of each request once it has its answer, or has got none: "GET https://host/path: 200, 12
/// ms". Nothing secret is in it. Thread: any; `sink` is called from all of them.
class TracingTransport : public HttpTransport {
 public:
  TracingTransport(std::unique_ptr<HttpTransport> next,
                   std::function<void(const std::string&)> sink)
      : next_(std::move(next)), sink_(std::move(sink)) {}

  HttpResponse send(const HttpRequest& request, std::stop_token stop) override;

 private:
  std::unique_ptr<HttpTransport> next_;
  std::function<void(const std::string&)> sink_;
};

}  // namespace ibuild::registry
