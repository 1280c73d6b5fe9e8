#include "registry/auth/authenticator.h"

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "registry/auth/scope.h"
#include "registry/auth/token.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;
using std::chrono::seconds;

namespace {

constexpr const char* kChallenge =
    R"(Bearer realm="https://auth.io/token",service="r.io",scope="repository:a/b:pull")";

/// A registry with a token server, and what they have seen.
class TokenRegistry {
 public:
  FakeAnswer operator()(const SeenRequest& request) {
    if (request.url.starts_with("https://auth.io/token")) {
      return tokens ? tokens(request) : FakeAnswer{200, {}, R"({"token":")" + good + R"("})"};
    }
    if (request.authorization() == "Bearer " + good) return {404};
    return {401, {{"WWW-Authenticate", challenge}}};
  }

  std::string challenge = kChallenge;
  std::string good = "t1";
  std::function<FakeAnswer(const SeenRequest&)> tokens;  // empty: gives `good`
};

RegistryOptions with_credential(const std::string& entry) {
  RegistryOptions options;
  options.docker_auth_config = R"({"auths":{"r.io":)" + entry + "}}";
  return options;
}

/// A request that needs the scope repository:a/b:pull.
void ask(FakeNetwork& net) { net.client->resolve(reference("r.io", "a/b")); }

std::vector<SeenRequest> token_requests(const FakeNetwork& net) {
  std::vector<SeenRequest> requests;
  for (const SeenRequest& request : net.log->requests) {
    if (request.url.starts_with("https://auth.io/")) requests.push_back(request);
  }
  return requests;
}

}  // namespace

TEST_CASE("authenticator: anonymous tokens are fetched once and used again", "[registry]") {
  FakeNetwork net(TokenRegistry{});
  ask(net);
  ask(net);
  REQUIRE(token_requests(net).size() == 1);
  CHECK(token_requests(net)[0].line() ==
        "GET https://auth.io/token?service=r.io&scope=repository%3Aa%2Fb%3Apull");
  CHECK(token_requests(net)[0].authorization().empty());
  CHECK(net.log->requests.size() == 4);  // 401, token, answer; answer
}

TEST_CASE("authenticator: user and password go to the token server only", "[registry]") {
  FakeNetwork net(TokenRegistry{}, with_credential(R"({"username":"u","password":"p"})"));
  ask(net);
  CHECK(token_requests(net)[0].authorization() == "Basic dTpw");
  CHECK(token_requests(net)[0].url.ends_with("&account=u"));
  CHECK(net.log->requests.back().authorization() == "Bearer t1");
}

TEST_CASE("authenticator: a token that is no longer taken is renewed", "[registry]") {
  auto registry = std::make_shared<TokenRegistry>();
  FakeNetwork net([registry](const SeenRequest& request) { return (*registry)(request); });
  ask(net);
  registry->good = "t2";
  ask(net);
  CHECK(token_requests(net).size() == 2);
  CHECK(net.log->requests.back().authorization() == "Bearer t2");
}

TEST_CASE("authenticator: a fresh token that is refused is the end", "[registry]") {
  TokenRegistry registry;
  registry.tokens = [](const SeenRequest&) {
    return FakeAnswer{200, {}, R"({"token":"useless"})"};
  };
  FakeNetwork net(registry);
  const std::string error = registry_error_of([&] { ask(net); });
  CHECK(error.find(
            "401 (no credential) | the image may not exist, or needs a login: ibuild login r.io") !=
        std::string::npos);
  CHECK(net.log->requests.size() < 10);
}

TEST_CASE("authenticator: scopes that the registry demands are added", "[registry]") {
  TokenRegistry registry;
  registry.challenge =
      R"(Bearer realm="https://auth.io/token",error="insufficient_scope",scope="repository:a/b:pull repository:c:pull")";
  FakeNetwork net(registry);
  ask(net);
  CHECK(token_requests(net)[0].url ==
        "https://auth.io/token?scope=repository%3Aa%2Fb%3Apull&scope=repository%3Ac%3Apull");
}

TEST_CASE("authenticator: an identity token goes by POST", "[registry]") {
  FakeNetwork net(TokenRegistry{}, with_credential(R"({"identitytoken":"re fresh"})"));
  ask(net);
  CHECK(token_requests(net)[0].line() == "POST https://auth.io/token");
  CHECK(token_requests(net)[0].body ==
        "grant_type=refresh_token&refresh_token=re%20fresh&service=r.io&"
        "scope=repository%3Aa%2Fb%3Apull&client_id=ibuild&access_type=offline");
}

TEST_CASE("authenticator: the other way where the token server does not know one", "[registry]") {
  TokenRegistry no_post;
  no_post.tokens = [](const SeenRequest& request) {
    return request.method == "POST" ? FakeAnswer{405}
                                    : FakeAnswer{200, {}, R"({"access_token":"t1"})"};
  };
  FakeNetwork by_get(no_post,
                     with_credential(R"({"username":"u","password":"p","identitytoken":"x"})"));
  ask(by_get);
  CHECK(token_requests(by_get).back().method == "GET");

  TokenRegistry no_get;
  no_get.tokens = [](const SeenRequest& request) {
    return request.method == "GET" ? FakeAnswer{404}
                                   : FakeAnswer{200, {}, R"({"access_token":"t1"})"};
  };
  FakeNetwork by_post(no_get, with_credential(R"({"username":"u","password":"p"})"));
  ask(by_post);
  CHECK(token_requests(by_post).back().body.starts_with(
      "grant_type=password&username=u&password=p&"));
}

TEST_CASE("authenticator: a registry token is sent as it is", "[registry]") {
  FakeNetwork net(TokenRegistry{}, with_credential(R"({"registrytoken":"t1"})"));
  ask(net);
  CHECK(token_requests(net).empty());
  CHECK(net.log->requests.back().authorization() == "Bearer t1");
}

TEST_CASE("authenticator: Basic needs a credential and is then sent at once", "[registry]") {
  const auto handler = [](const SeenRequest& request) {
    if (request.authorization() == "Basic dTpw") return FakeAnswer{404};
    return FakeAnswer{401, {{"WWW-Authenticate", "Basic realm=\"r\""}}};
  };
  FakeNetwork net(handler, with_credential(R"({"username":"u","password":"p"})"));
  ask(net);
  ask(net);
  CHECK(net.log->requests.size() == 3);
  FakeNetwork wrong(handler, with_credential(R"({"username":"u","password":"wrong"})"));
  CHECK(registry_error_of([&] {
          ask(wrong);
        }).find("401 (credential of \"u\" from DOCKER_AUTH_CONFIG)") != std::string::npos);
  FakeNetwork none(handler);
  CHECK(registry_error_of([&] { ask(none); }).find("ibuild login r.io") != std::string::npos);
}

TEST_CASE("authenticator: a token server that refuses is named, with its words", "[registry]") {
  TokenRegistry registry;
  registry.tokens = [](const SeenRequest&) {
    return FakeAnswer{401, {}, R"({"details":"incorrect username or password"})"};
  };
  FakeNetwork net(registry, with_credential(R"({"username":"u","password":"hush"})"));
  const std::string error = registry_error_of([&] { ask(net); });
  CHECK(error.starts_with(
      "GET https://auth.io/token?service=r.io&scope=repository%3Aa%2Fb%3Apull&"
      "account=u: 401 incorrect username or password (credential of \"u\" from "));
  CHECK(error.find("hush") == std::string::npos);
}

TEST_CASE("authenticator: answers that are no token are refused", "[registry]") {
  for (const char* body :
       {"", "[]", "{}", R"({"token":""})", R"({"token":"a\r\nEvil: b"})", R"({"token":1})"}) {
    TokenRegistry registry;
    registry.tokens = [body](const SeenRequest&) { return FakeAnswer{200, {}, body}; };
    FakeNetwork net(registry);
    CHECK(registry_error_of([&] { ask(net); }).find("the answer holds no token") !=
          std::string::npos);
  }
}

TEST_CASE("authenticator: realms that must not get credentials are not asked", "[registry]") {
  for (const char* realm :
       {"http://auth.io/token", "https://u:p@auth.io/", "https://127.0.0.1/token",
        "https://169.254.169.254/latest", "file:///etc/passwd", ""}) {
    TokenRegistry registry;
    registry.challenge = std::string("Bearer realm=\"") + realm + "\"";
    FakeNetwork net(registry, with_credential(R"({"username":"u","password":"p"})"));
    INFO(realm);
    CHECK(registry_error_of([&] { ask(net); }) != "(no error)");
    for (const std::string& line : net.log->lines())
      CHECK(line.find("https://r.io/") != std::string::npos);
  }
}

TEST_CASE("authenticator: realms on this machine are fine for registries on this machine",
          "[registry]") {
  const Url local = *parse_url("http://127.0.0.1:5000/");
  CHECK(why_realm_is_refused(local, *parse_url("http://localhost:5001/token")).empty());
  CHECK(
      why_realm_is_refused(*parse_url("http://box:5000/"), *parse_url("http://box:5001/")).empty());
  CHECK_FALSE(
      why_realm_is_refused(*parse_url("http://box:5000/"), *parse_url("http://o/")).empty());
  CHECK_FALSE(why_realm_is_refused(*parse_url("https://box/"), *parse_url("http://box/")).empty());
}

TEST_CASE("authenticator: leave to be insecure holds for the registry's own host only",
          "[registry]") {
  RegistryOptions options;
  options.tls_verify = false;
  for (const auto& [realm, trust] :
       std::map<std::string, TlsTrust>{{"https://r.io:5001/token", TlsTrust::none},
                                       {"https://auth.io/token", TlsTrust::verified}}) {
    FakeNetwork net(
        [realm = realm](const SeenRequest& request) {
          if (request.url.starts_with(realm)) return FakeAnswer{200, {}, R"({"token":"t"})"};
          if (!request.authorization().empty()) return FakeAnswer{404};
          return FakeAnswer{401, {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\""}}};
        },
        options);
    ask(net);
    CHECK(net.log->requests.at(1).trust == trust);
  }
}

TEST_CASE("authenticator: wishes are dropped when the token server refuses them", "[registry]") {
  TokenRegistry registry;
  registry.tokens = [](const SeenRequest& request) {
    const bool wants_other = request.url.find("other") != std::string::npos;
    return wants_other ? FakeAnswer{403} : FakeAnswer{200, {}, R"({"token":"t1"})"};
  };
  auto log = std::make_shared<FakeTransport::Log>();
  FakeTransport transport(registry, log);
  Authenticator authenticator(
      "r.io", {.transport = transport, .find_credential = [](const std::string&, std::stop_token) {
                 return std::optional<Credential>();
               }});
  AccessNeed need{.repository = "a", .scopes = {push_scope("a")}, .wishes = {pull_scope("other")}};
  CHECK(authenticator.authorize(need, {}).value.empty());
  CHECK(authenticator.take_challenge({*parse_url("https://r.io/v2/")},
                                     {{"WWW-Authenticate", kChallenge}}, need, {}, {}));
  CHECK(authenticator.authorize(need, {}).value == "Bearer t1");
  CHECK(log->requests.size() == 2);
}

TEST_CASE("token_cache: tokens are renewed before they expire", "[registry]") {
  std::chrono::steady_clock::time_point now{};
  TokenCache cache([&] { return now; });
  int fetched = 0;
  const auto fetch = [&] { return Token{"t" + std::to_string(++fetched), seconds(60)}; };
  CHECK(cache.get("k", fetch, {}).fetched_now);
  now += seconds(40);
  CHECK(cache.get("k", fetch, {}).value == "t1");
  now += seconds(10);
  CHECK(cache.get("k", fetch, {}).value == "t2");
  CHECK(cache.get("other", fetch, {}).value == "t3");
  cache.forget("k", "t1");
  CHECK(cache.get("k", fetch, {}).value == "t2");
  cache.forget("k", "t2");
  CHECK(cache.get("k", fetch, {}).value == "t4");
}

TEST_CASE("token_cache: threads that ask at once share one fetch", "[registry]") {
  TokenCache cache;
  std::atomic<int> fetched = 0;
  std::promise<void> go;
  const auto wait = go.get_future().share();
  const auto fetch = [&] {
    wait.wait();
    return Token{"t" + std::to_string(++fetched), seconds(60)};
  };
  std::vector<std::future<TokenCache::Found>> found;
  for (int i = 0; i < 4; ++i) {
    found.push_back(std::async(std::launch::async, [&] { return cache.get("k", fetch, {}); }));
  }
  go.set_value();
  for (auto& one : found) CHECK(one.get().value == "t1");
}

TEST_CASE("token_cache: after a failed fetch the next one who asks tries again", "[registry]") {
  TokenCache cache;
  CHECK_THROWS_AS(cache.get("k", []() -> Token { throw base::Error("no"); }, {}), base::Error);
  CHECK(cache.get("k", [] { return Token{"t", seconds(60)}; }, {}).value == "t");
}

TEST_CASE("scope: what is held is not demanded again", "[registry]") {
  std::vector<std::string> scopes = {push_scope("a/b")};
  CHECK_FALSE(add_missing_scopes(scopes, {pull_scope("a/b"), push_scope("a/b")}));
  CHECK(add_missing_scopes(scopes, split_scopes("repository:a/b:delete  registry:catalog:*")));
  CHECK(scopes == std::vector<std::string>{"repository:a/b:pull,push", "repository:a/b:delete",
                                           "registry:catalog:*"});
}
