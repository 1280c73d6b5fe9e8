#include "registry/retry.h"

#include <catch2/catch.hpp>
#include <thread>

#include "base/error.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Asks a registry that answers with `answers` in turn.
struct Scripted {
  explicit Scripted(std::vector<FakeAnswer> answers)
      : net([answers, count = std::size_t{0}](const SeenRequest&) mutable {
          return answers[std::min(count++, answers.size() - 1)];
        }) {
    error = registry_error_of([&] {
      found = net.client->has_blob(reference("r.io", "a"), ibuild::base::sha256_of("x"));
    });
  }
  FakeNetwork net;
  std::string error;
  bool found = false;
};

}  // namespace

TEST_CASE("retry: passing failures are tried again", "[registry]") {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    const Scripted run({FakeAnswer{status}, FakeAnswer{status}, FakeAnswer{200}});
    CHECK(run.found);
    CHECK(run.net.log->requests.size() == 3);
  }
  for (const TransportFailure failure :
       {TransportFailure::closed, TransportFailure::connect, TransportFailure::connect_timeout,
        TransportFailure::stalled, TransportFailure::first_byte_timeout,
        TransportFailure::name_lookup}) {
    CHECK(Scripted({FakeAnswer{0, {}, {}, failure}, FakeAnswer{200}}).found);
  }
}

TEST_CASE("retry: lasting failures are not", "[registry]") {
  for (const int status : {400, 401, 403, 405, 413, 501, 505}) {
    CHECK(Scripted({FakeAnswer{status}}).net.log->requests.size() == 1);
  }
  for (const TransportFailure failure :
       {TransportFailure::name_unknown, TransportFailure::tls_certificate,
        TransportFailure::tls_handshake, TransportFailure::speaks_plain_http,
        TransportFailure::protocol, TransportFailure::too_large, TransportFailure::proxy}) {
    CHECK(Scripted({FakeAnswer{0, {}, {}, failure}}).net.log->requests.size() == 1);
  }
}

TEST_CASE("retry: waits grow, with jitter, and the last error is told", "[registry]") {
  const Scripted run({FakeAnswer{503}});
  const auto& waits = run.net.log->waits;
  REQUIRE(waits.size() == 4);
  for (std::size_t i = 0; i < waits.size(); ++i) {
    CHECK(waits[i] >= 100 << i);
    CHECK(waits[i] <= 200 << i);
  }
  CHECK(run.error.starts_with("after 5 attempts: HEAD https://r.io/v2/a/blobs/sha256:"));
}

TEST_CASE("retry: a wait that the user chose is the same each time", "[registry]") {
  CHECK(retry_policy({}).first_delay == milliseconds(200));
  const auto policy = retry_policy({.max_attempts = 3, .retry_delay = seconds(2)});
  CHECK(policy.max_attempts == 3);
  CHECK(policy.first_delay == seconds(2));
  CHECK(policy.max_delay == seconds(2));
}

TEST_CASE("retry: Retry-After is obeyed within reason", "[registry]") {
  const Scripted patient({FakeAnswer{429, {{"Retry-After", "7"}}}, FakeAnswer{200}});
  CHECK(patient.net.log->waits == std::vector<std::int64_t>{7000});
  const Scripted endless({FakeAnswer{503, {{"Retry-After", "3600"}}}});
  CHECK(endless.net.log->requests.size() == 1);
  CHECK(endless.error.find("come back in 3600 seconds") != std::string::npos);
  const Scripted past(
      {FakeAnswer{503, {{"Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"}}}, FakeAnswer{200}});
  CHECK(past.found);
  CHECK(past.net.log->waits.at(0) < 1000);
}

TEST_CASE("retry: a quota that is used up is shown, not waited for", "[registry]") {
  const Scripted run({FakeAnswer{
      429, {{"ratelimit-limit", "100;w=21600"}, {"ratelimit-remaining", "0;w=21600"}}, {}}});
  CHECK(run.net.log->requests.size() == 1);
  CHECK(run.error.find(": 429; limit 100 per 21600 s, left 0 (no credential) | more requests are "
                       "allowed after ibuild login r.io") != std::string::npos);
}

TEST_CASE("retry: a stop request ends a wait at once", "[registry]") {
  std::stop_source stop;
  const Waiter wait = make_waiter();
  CHECK_NOTHROW(wait(milliseconds(1), stop.get_token()));
  const auto begin = std::chrono::steady_clock::now();
  std::jthread stopper([&] { stop.request_stop(); });
  CHECK_THROWS_AS(wait(seconds(60), stop.get_token()), ibuild::base::CancelledError);
  CHECK(std::chrono::steady_clock::now() - begin < seconds(5));
}

TEST_CASE("registry_error: the registry's words are shown without control bytes", "[registry]") {
  FakeNetwork net([](const SeenRequest&) {
    return FakeAnswer{400, {}, R"({"errors":[{"code":"X","message":"a\u001b[31m"}]})"};
  });
  CHECK(registry_error_of([&] { net.client->fetch_manifest(reference("r.io", "a")); }) ==
        "GET https://r.io/v2/a/manifests/1: 400 X: a\\x1b[31m (no credential)");
}

TEST_CASE("registry_error: codes are kept, long lists are cut", "[registry]") {
  std::string body = R"({"errors":[)";
  for (int i = 0; i < 50; ++i) body += R"({"code":"C","message":"m"},)";
  body.back() = ']';
  const HttpResponse response{.status = 400, .body = body + "}"};
  const RegistryError error = [&] {
    FakeNetwork net([&](const SeenRequest&) { return FakeAnswer{400, {}, response.body}; });
    try {
      net.client->push_manifest(reference("r.io", "a"), "x", "{}");
    } catch (const RegistryError& caught) {
      return caught;
    }
    return RegistryError(0, {}, false, "");
  }();
  CHECK(error.status() == 400);
  CHECK(error.codes().size() == 50);
  CHECK(std::string(error.what()).size() < 300);
}
