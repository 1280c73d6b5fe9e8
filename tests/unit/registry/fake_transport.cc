#include "tests/unit/registry/fake_transport.h"

namespace ibuild::test {

using namespace ibuild::registry;

std::vector<std::string> FakeTransport::Log::lines() const {
  std::vector<std::string> lines;
  for (const SeenRequest& request : requests) lines.push_back(request.line());
  return lines;
}

HttpResponse FakeTransport::send(const HttpRequest& request, std::stop_token stop) {
  if (stop.stop_requested()) throw base::CancelledError();
  SeenRequest seen{request.method, request.url.str(), request.headers, {},
                   request.trust,  request.connection};
  if (request.open_body) {
    const auto body = request.open_body();
    seen.body = base::read_all(*body, 1 << 30, "body");
    if (request.on_sent) request.on_sent(seen.body.size());
  }
  const FakeAnswer answer = [&] {
    const std::scoped_lock lock(mutex_);
    log_->requests.push_back(seen);
    return handler_(seen);
  }();
  if (answer.status == 0) throw TransportError(answer.failure.value(), "no answer");
  HttpHead head{.status = answer.status, .reason = {}, .headers = answer.headers};
  base::ByteSink* sink = request.on_head ? request.on_head(head) : nullptr;
  const bool has_body = request.method != "HEAD";
  if (sink != nullptr && has_body) sink->write(base::as_bytes(answer.body));
  if (answer.failure) throw TransportError(*answer.failure, "broken off");
  return {answer.status, answer.headers, sink == nullptr && has_body ? answer.body : ""};
}

FakeNetwork::FakeNetwork(FakeTransport::Handler handler, RegistryOptions options)
    : log(std::make_shared<FakeTransport::Log>()) {
  ClientParts parts{.transport = std::make_unique<FakeTransport>(std::move(handler), log),
                    .wait = [log = log](std::chrono::milliseconds time, std::stop_token) {
                      log->waits.push_back(time.count());
                    }};
  client = make_registry_client(
      std::move(options), [log = log](const std::string& text) { log->warnings.push_back(text); },
      std::move(parts));
}

image::Reference reference(const std::string& domain, const std::string& path,
                           const std::string& tag) {
  return {domain, path, tag, std::nullopt};
}

}  // namespace ibuild::test
