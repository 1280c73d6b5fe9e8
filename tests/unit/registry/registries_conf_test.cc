#include "registry/registries_conf.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "registry/endpoint.h"

using namespace ibuild::registry;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

image::Reference ref(const std::string& domain, const std::string& path,
                     const std::string& tag = "1") {
  return {domain, path, tag, std::nullopt};
}

image::Reference by_digest(image::Reference reference) {
  reference.digest = base::sha256_of("x");
  return reference;
}

std::vector<std::string> pull_names(const std::string& toml, const image::Reference& reference) {
  std::vector<std::string> names;
  for (const Endpoint& endpoint : pull_endpoints(RegistriesConf::parse(toml, "conf"), reference)) {
    names.push_back(endpoint.host + "/" + endpoint.repository);
  }
  return names;
}

using Names = std::vector<std::string>;

constexpr const char* kHubMirror = R"(
unqualified-search-registries = ["quay.io"]
[[registry]]
prefix = "docker.io"
[[registry.mirror]]
location = "127.0.0.1:5000/hub/"
insecure = true
[[registry.mirror]]
location = "mirror.gcr.io"
)";

std::string message_of(const std::string& toml) {
  try {
    RegistriesConf::parse(toml, "conf");
  } catch (const base::UsageError& error) {
    return error.what();
  }
  return "(taken)";
}

}  // namespace

TEST_CASE("registries_conf: mirrors in order, then the registry", "[registry]") {
  const RegistriesConf conf = RegistriesConf::parse(kHubMirror, "conf");
  const auto endpoints = pull_endpoints(conf, ref("docker.io", "library/python"));
  REQUIRE(endpoints.size() == 3);
  CHECK(endpoints[0] == Endpoint{"127.0.0.1:5000", "127.0.0.1:5000", "hub/library/python",
                                 Endpoint::Security::not_required, Endpoint::Kind::mirror});
  CHECK(endpoints[1] == Endpoint{"mirror.gcr.io", "mirror.gcr.io", "library/python",
                                 Endpoint::Security::required, Endpoint::Kind::mirror});
  CHECK(endpoints[2] == Endpoint{"docker.io", "registry-1.docker.io", "library/python",
                                 Endpoint::Security::required, Endpoint::Kind::origin});
}

TEST_CASE("registries_conf: without an entry the name is the place", "[registry]") {
  CHECK(pull_names("", ref("quay.io", "a/b")) == Names{"quay.io/a/b"});
  CHECK(pull_names(kHubMirror, ref("quay.io", "a/b")) == Names{"quay.io/a/b"});
}

TEST_CASE("registries_conf: pushes never go to mirrors or other locations", "[registry]") {
  const RegistriesConf conf = RegistriesConf::parse(
      "[[registry]]\nprefix='h'\nlocation='elsewhere'\ninsecure=true\n[[registry.mirror]]"
      "\nlocation='m'\n",
      "conf");
  CHECK(push_endpoint(conf, ref("h", "x")) ==
        Endpoint{"h", "h", "x", Endpoint::Security::not_required, Endpoint::Kind::origin});
}

TEST_CASE("registries_conf: the longest prefix wins, at path borders only", "[registry]") {
  const std::string toml = R"(
[[registry]]
prefix = "h"
location = "whole"
[[registry]]
prefix = "h/team"
location = "team.example/x"
[[registry]]
prefix = "h/team/app:special"
location = "special.example/app"
)";
  CHECK(pull_names(toml, ref("h", "a")) == Names{"whole/a"});
  CHECK(pull_names(toml, ref("h", "team/app")) == Names{"team.example/x/app"});
  CHECK(pull_names(toml, ref("h", "teams/app")) == Names{"whole/teams/app"});
  CHECK(pull_names(toml, ref("h", "team/app", "special")) == Names{"special.example/app"});
  CHECK(pull_names(toml, ref("h:5000", "a")) == Names{"h:5000/a"});
}

TEST_CASE("registries_conf: a star stands for sub-domains", "[registry]") {
  const std::string toml = "[[registry]]\nprefix='*.example.com'\nlocation='cache/all'\n";
  CHECK(pull_names(toml, ref("a.b.example.com", "x")) == Names{"cache/all/x"});
  CHECK(pull_names(toml, ref("example.com", "x")) == Names{"example.com/x"});
  const std::string insecure = "[[registry]]\nprefix='*.example.com'\ninsecure=true\n";
  CHECK(pull_names(insecure, ref("a.example.com", "x")) == Names{"a.example.com/x"});
}

TEST_CASE("registries_conf: mirrors for digests or tags only", "[registry]") {
  const std::string toml = R"(
[[registry]]
location = "h"
[[registry.mirror]]
location = "d"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "t"
pull-from-mirror = "tag-only"
)";
  CHECK(pull_names(toml, ref("h", "x")) == Names{"t/x", "h/x"});
  CHECK(pull_names(toml, by_digest(ref("h", "x"))) == Names{"d/x", "h/x"});
  const std::string digests =
      "[[registry]]\nlocation='h'\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation='m'\n";
  CHECK(pull_names(digests, ref("h", "x")) == Names{"h/x"});
  CHECK(pull_names(digests, by_digest(ref("h", "x"))) == Names{"m/x", "h/x"});
}

TEST_CASE("registries_conf: blocked registries are refused by name", "[registry]") {
  const RegistriesConf conf =
      RegistriesConf::parse("[[registry]]\nprefix='h/bad'\nblocked=true\n", "conf");
  CHECK_THROWS_AS(pull_endpoints(conf, ref("h", "bad/x")), base::UsageError);
  CHECK_THROWS_AS(push_endpoint(conf, ref("h", "bad/x")), base::UsageError);
  CHECK_NOTHROW(pull_endpoints(conf, ref("h", "good/x")));
}

TEST_CASE("registries_conf: what is wrong is named with its line", "[registry]") {
  CHECK(message_of("a = \n").starts_with("conf:1: "));
  CHECK(message_of("\n[[registry]]\nlocation = 1\n") == "conf:3: location is no text");
  CHECK(message_of("[[registry]]\nlocation='h'\ninsecure='yes'\n") ==
        "conf:3: insecure is neither true nor false");
  CHECK(message_of("[[registry]]\ninsecure=true\n") ==
        "conf:1: registry without prefix and location");
  CHECK(message_of("[[registry]]\nlocation='h'\n[[registry.mirror]]\ninsecure=true\n") ==
        "conf:3: mirror without location");
  for (const char* bad :
       {"registry = 1", "[registry]\nlocation='h'", "[[registry]]\nlocation='https://h'",
        "[[registry]]\nlocation='a b'", "[[registry]]\nprefix='a*.com'",
        "[[registry]]\nprefix='*.a/b'",
        "[[registry]]\nlocation='h'\n[[registry.mirror]]\nlocation='m'\npull-from-mirror='x'",
        "[registries.search]\nregistries=['docker.io']"}) {
    INFO(bad);
    CHECK(message_of(bad) != "(taken)");
  }
}

TEST_CASE("registries_conf: an invalid host is refused when it is used", "[registry]") {
  const RegistriesConf conf =
      RegistriesConf::parse("[[registry]]\nprefix='h'\nlocation='h:port'\n", "conf");
  CHECK_THROWS_AS(pull_endpoints(conf, ref("h", "x")), base::UsageError);
}

TEST_CASE("registries_conf: drop-ins replace entries of the same prefix", "[registry]") {
  const base::TempDir dir(base::DirFd::open("/tmp"), "ibuild-test-conf-");
  const auto write = [&](const char* name, const char* text) {
    base::write_file_atomically(dir.dir(), base::RelPath::exact(name), text);
  };
  write("main", "[[registry]]\nlocation='a'\n[[registry]]\nlocation='b'\n");
  base::make_dirs(dir.dir(), base::RelPath::exact("d"));
  write("d/20.conf", "[[registry]]\nprefix='a'\nlocation='twenty'\n");
  write("d/10.conf", "[[registry]]\nprefix='a'\nlocation='ten'\n");
  write("d/30.off", "nonsense");
  const std::string root = dir.host_path();
  const RegistriesConf conf = RegistriesConf::load(root + "/main", {root + "/none", root + "/d"});
  CHECK(conf.entries().size() == 2);
  CHECK(conf.find(ref("a", "x"))->location == "twenty");
  CHECK(conf.find(ref("a", "x"))->origin == root + "/d/20.conf");
  CHECK(conf.find(ref("b", "x"))->location == "b");
  CHECK(RegistriesConf::load(root + "/missing", {}).entries().empty());
}
