#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/text.h"
#include "tests/unit/registry/fake_transport.h"

namespace ibuild::test {

/// A registry's side of one upload, as the distribution-spec describes it, with faults.
class UploadServer {
 public:
  /// Called with each request that brings bytes; an answer in place of the right one.
  std::function<std::optional<FakeAnswer>(UploadServer&, const SeenRequest&)> fault;
  bool knows_status = true;

  FakeAnswer answer(const SeenRequest& request) {
    if (request.method == "HEAD") return FakeAnswer{404};
    if (request.method == "POST") {
      held.clear();
      ++sessions;
      return status(202);
    }
    if (request.method == "GET") return knows_status ? status(204) : FakeAnswer{404};
    if (request.method == "DELETE") return FakeAnswer{204};
    if (fault) {
      if (auto wrong = fault(*this, request)) return *wrong;
    }
    if (request.method == "PATCH" && !begins_at_end(request)) return status(416);
    held += request.body;
    return request.method == "PATCH" ? status(202) : finish(request);
  }

  std::string held;
  int sessions = 0;
  int puts = 0;

 private:
  FakeAnswer status(int code) const {
    FakeAnswer answer{code, {{"Location", "/up/" + std::to_string(held.size())}}};
    if (!held.empty()) answer.headers.add("Range", "0-" + std::to_string(held.size() - 1));
    return answer;
  }
  bool begins_at_end(const SeenRequest& request) const {
    const std::string range =
        std::to_string(held.size()) + "-" + std::to_string(held.size() + request.body.size() - 1);
    return request.headers.get("Content-Range") == range;
  }
  FakeAnswer finish(const SeenRequest& request) {
    ++puts;
    const std::string wanted = "digest=" + registry::percent_encode(base::sha256_of(held).str());
    if (request.url.ends_with(wanted)) return FakeAnswer{201};
    return FakeAnswer{400, {}, R"({"errors":[{"code":"DIGEST_INVALID"}]})"};
  }
};

/// The methods of all requests so far.
inline std::vector<std::string> methods(const FakeNetwork& net) {
  std::vector<std::string> result;
  for (const SeenRequest& request : net.log->requests) result.push_back(request.method);
  return result;
}

inline FakeNetwork network(UploadServer& server) {
  return FakeNetwork([&](const SeenRequest& request) { return server.answer(request); });
}

/// Keeps `kept` bytes of the first request with bytes, and then the connection breaks.
inline auto break_first_after(std::size_t kept) {
  return [kept, broken = false](UploadServer& server,
                                const SeenRequest& request) mutable -> std::optional<FakeAnswer> {
    if (std::exchange(broken, true)) return std::nullopt;
    server.held += request.body.substr(0, kept);
    return FakeAnswer{0, {}, {}, registry::TransportFailure::closed};
  };
}

}  // namespace ibuild::test
