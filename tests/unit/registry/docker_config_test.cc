#include "registry/auth/docker_config.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "registry/base64.h"

using namespace ibuild::registry;
namespace base = ibuild::base;

namespace {

DockerConfig config_of(const std::string& json) { return {json, "config.json"}; }

std::string user_for(const std::string& json, const std::string& host,
                     const std::string& repository) {
  const auto credential = config_of(json).find(host, repository);
  return credential ? credential->username : "(none)";
}

}  // namespace

TEST_CASE("base64: there and back", "[registry]") {
  for (const char* text : {"", "a", "ab", "abc", "abcd", "\xff\xfe\x00"}) {
    CHECK(decode_base64(encode_base64(text)) == text);
  }
  CHECK(encode_base64("user:pass") == "dXNlcjpwYXNz");
  CHECK(decode_base64("YQ") == "a");
  CHECK_FALSE(decode_base64("Y"));
  CHECK_FALSE(decode_base64("Y-=="));
}

TEST_CASE("docker_config: auth, user name and password, tokens", "[registry]") {
  const DockerConfig config = config_of(R"({"auths": {
    "a.io": {"auth": "dXNlcjpwYTpzcw=="},
    "b.io": {"username": "u", "password": "p"},
    "c.io": {"auth": "dTo=", "identitytoken": "refresh"},
    "d.io": {"registrytoken": "bearer"},
    "e.io": {}}})");
  CHECK(config.find("a.io", "x")->username == "user");
  CHECK(config.find("a.io", "x")->password == "pa:ss");
  CHECK(config.find("a.io", "x")->origin == "config.json");
  CHECK(config.find("b.io", "x")->password == "p");
  CHECK(config.find("c.io", "x")->identity_token == "refresh");
  CHECK(config.find("d.io", "x")->registry_token == "bearer");
  CHECK_FALSE(config.find("e.io", "x"));
  CHECK_FALSE(config.find("f.io", "x"));
}

TEST_CASE("docker_config: all spellings of Docker Hub", "[registry]") {
  for (const char* key :
       {"https://index.docker.io/v1/", "index.docker.io", "docker.io",
        "https://registry-1.docker.io", "index.docker.io/v1/", "http://docker.io/v2/"}) {
    INFO(key);
    const std::string json = std::string(R"({"auths":{")") + key + R"(":{"username":"hub"}}})";
    CHECK(user_for(json, "docker.io", "library/python") == "hub");
    CHECK(user_for(json, "quay.io", "x") == "(none)");
  }
}

TEST_CASE("docker_config: the longest namespace wins", "[registry]") {
  const std::string json = R"({"auths": {
    "h:5000": {"username": "host"},
    "h:5000/team": {"username": "team"},
    "h:5000/team/app": {"username": "app"},
    "https://other/team": {"username": "other"}}})";
  CHECK(user_for(json, "h:5000", "x") == "host");
  CHECK(user_for(json, "h:5000", "team") == "team");
  CHECK(user_for(json, "h:5000", "team/web") == "team");
  CHECK(user_for(json, "h:5000", "team/app") == "app");
  CHECK(user_for(json, "h:5000", "team/apple") == "team");
  CHECK(user_for(json, "other", "x") == "other");
  CHECK(user_for(json, "h", "team/app") == "(none)");
}

TEST_CASE("docker_config: helpers for a host and for all", "[registry]") {
  const DockerConfig config = config_of(
      R"({"credsStore": "all", "credHelpers": {"a.io": "one", "https://index.docker.io/v1/": "hub", "off.io": ""}})");
  CHECK(config.helper_for("a.io") == "one");
  CHECK(config.helper_for("docker.io") == "hub");
  CHECK(config.helper_for("b.io") == "all");
  CHECK_FALSE(config.helper_for("off.io"));
  CHECK_FALSE(config_of("{}").helper_for("a.io"));
}

TEST_CASE("docker_config: a helper's name cannot be a path", "[registry]") {
  CHECK_THROWS_AS(config_of(R"({"credsStore": "../../bin/sh"})").helper_for("a"), base::UsageError);
  CHECK_THROWS_AS(config_of(R"({"credsStore": 1})").helper_for("a"), base::UsageError);
}

TEST_CASE("docker_config: broken files are refused without telling secrets", "[registry]") {
  for (const char* json :
       {"{", "[]", "1", R"({"auths": []})", R"({"auths": {"h": 1}})",
        R"({"auths": {"h": {"auth": "c2VjcmV0"}}})", R"({"auths": {"h": {"auth": "s e c r e t"}}})",
        R"({"auths": {"h": {"password": ["secret"]}}})"}) {
    INFO(json);
    try {
      config_of(json).find("h", "r");
      FAIL("taken");
    } catch (const base::UsageError& error) {
      CHECK(std::string(error.what()).starts_with("config.json: "));
      CHECK(std::string(error.what()).find("ecret") == std::string::npos);
    }
  }
}

TEST_CASE("docker_config: changes keep what is not ours", "[registry]") {
  DockerConfig config = config_of(
      R"({"HttpHeaders":{"X":"y"},"auths":{"old.io":{"auth":"dTpw","email":"e"}},"psFormat":"z"})");
  config.set("docker.io", {.username = "u", .password = "p"});
  config.set("old.io", {.identity_token = "t"});
  CHECK(config.to_json() == R"({
  "HttpHeaders": {
    "X": "y"
  },
  "auths": {
    "old.io": {
      "email": "e",
      "identitytoken": "t"
    },
    "https://index.docker.io/v1/": {
      "auth": "dTpw"
    }
  },
  "psFormat": "z"
}
)");
}

TEST_CASE("docker_config: removing takes the host's entries, not its namespaces'", "[registry]") {
  DockerConfig config = config_of(
      R"({"auths":{"h":{"auth":"dTpw"},"https://h/v2/":{"auth":"dTpw"},"h/ns":{"auth":"dTpw"}}})");
  CHECK(config.remove("h"));
  CHECK_FALSE(config.remove("h"));
  CHECK_FALSE(config.find("h", "x"));
  CHECK(config.find("h", "ns/x"));
  DockerConfig empty = config_of("");
  CHECK_FALSE(empty.remove("h"));
}

TEST_CASE("docker_config: the proxies that builds use", "[registry]") {
  const auto config = config_of(
      R"({"proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "a,b", "ftpProxy": ""},
                      "tcp://other": {"httpsProxy": "http://q"}}})");
  CHECK(config.default_proxies() ==
        std::map<std::string, std::string>{{"HTTP_PROXY", "http://p:1"}, {"NO_PROXY", "a,b"}});
  CHECK(config_of("{}").default_proxies().empty());
  CHECK(config_of(R"({"proxies": {}})").default_proxies().empty());
  CHECK_THROWS_AS(config_of(R"({"proxies": {"default": {"httpProxy": 1}}})").default_proxies(),
                  base::UsageError);
}

TEST_CASE("docker_config: header fields for registries", "[registry]") {
  using Fields = std::map<std::string, std::string>;
  CHECK(config_of("{}").http_headers().empty());
  CHECK(config_of(R"({"HttpHeaders": {"X-Meta": "a b", "user-agent": "x", "Host": "y"}})")
            .http_headers() == Fields{{"X-Meta", "a b"}});
  for (const char* bad : {R"({"HttpHeaders": {"X Y": "a"}})", R"({"HttpHeaders": {"X": "a\nb"}})",
                          R"({"HttpHeaders": {"X": 1}})", R"({"HttpHeaders": []})"}) {
    CHECK_THROWS_AS(config_of(bad).http_headers(), base::UsageError);
  }
}
