#include "registry/tracing_transport.h"

#include <catch2/catch.hpp>
#include <vector>

#include "fake_transport.h"

using namespace ibuild;

namespace {

/// Sends one request and gives what was told of it, without the time that it took.
std::string told_of(test::FakeAnswer answer, const std::string& url) {
  std::vector<std::string> lines;
  auto fake =
      std::make_unique<test::FakeTransport>([answer](const test::SeenRequest&) { return answer; },
                                            std::make_shared<test::FakeTransport::Log>());
  registry::TracingTransport transport(
      std::move(fake), [&lines](const std::string& line) { lines.push_back(line); });
  try {
    (void)transport.send({.method = "GET", .url = registry::parse_url(url).value()}, {});
  } catch (const registry::TransportError&) {
  }
  REQUIRE(lines.size() == 1);
  REQUIRE(lines[0].ends_with(" ms"));
  return lines[0].substr(0, lines[0].rfind(", "));
}

}  // namespace

TEST_CASE("tracing_transport: a request is told of with its answer", "[registry]") {
  CHECK(told_of({.status = 404}, "https://h.example/v2/") == "GET https://h.example/v2/: 404");
}

TEST_CASE("tracing_transport: a request without an answer is told of with the reason",
          "[registry]") {
  CHECK_THAT(told_of({.failure = registry::TransportFailure::closed}, "https://h.example/"),
             Catch::StartsWith("GET https://h.example/: "));
}

TEST_CASE("tracing_transport: nothing secret is told", "[registry]") {
  CHECK_THAT(told_of({}, "https://user:hidden@h.example/token?service=x&sig=hidden"),
             !Catch::Contains("hidden"));
}
