#include "registry/tracing_transport.h"

#include <chrono>
#include <exception>
#include <utility>

namespace ibuild::registry {

HttpResponse TracingTransport::send(const HttpRequest& request, std::stop_token stop) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto tell = [&](const std::string& outcome) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    sink_(request.method + " " + request.url.redacted() + ": " + outcome + ", " +
          std::to_string(took.count()) + " ms");
  };
  try {
    HttpResponse response = next_->send(request, std::move(stop));
    tell(std::to_string(response.status));
    return response;
  } catch (const std::exception& error) {
    tell(error.what());
    throw;
  }
}

}  // namespace ibuild::registry
