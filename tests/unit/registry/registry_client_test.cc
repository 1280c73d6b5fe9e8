#include "registry/registry_client.h"

#include <catch2/catch.hpp>

#include "base/digest.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

using Lines = std::vector<std::string>;

/// Options with a registries.conf of this content.
class Conf {
 public:
  explicit Conf(const std::string& text) : dir_(base::DirFd::open("/tmp"), "ibuild-test-conf-") {
    base::write_file_atomically(dir_.dir(), base::RelPath::exact("registries.conf"), text);
    options.registries_conf = dir_.host_path() + "/registries.conf";
  }
  std::string path(const std::string& name) const { return dir_.host_path() + "/" + name; }
  void make_dir(const std::string& name) {
    base::make_dirs(dir_.dir(), base::RelPath::exact(name));
  }
  RegistryOptions options;

 private:
  base::TempDir dir_;
};

constexpr const char* kTwoMirrors =
    "[[registry]]\nprefix='docker.io'\n"
    "[[registry.mirror]]\nlocation='one.io/hub'\n[[registry.mirror]]\nlocation='two.io'\n";

bool is_from(const SeenRequest& request, const std::string& host) {
  return request.url.starts_with("https://" + host + "/");
}

const std::string kManifest = R"({"config":{}})";

FakeAnswer manifest() {
  return {200,
          {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"},
           {"Content-Length", std::to_string(std::string_view(kManifest).size())},
           {"Docker-Content-Digest", base::sha256_of(kManifest).str()}},
          kManifest};
}

image::Reference python() { return reference("docker.io", "library/python"); }

}  // namespace

TEST_CASE("registry_client: mirrors are asked first, what they lack comes from the registry",
          "[registry]") {
  const Conf conf(kTwoMirrors);
  FakeNetwork net(
      [](const SeenRequest& request) {
        return is_from(request, "registry-1.docker.io") ? manifest() : FakeAnswer{404};
      },
      conf.options);
  CHECK(net.client->fetch_manifest(python()).bytes == kManifest);
  CHECK(net.log->lines() ==
        Lines{"GET https://one.io/v2/hub/library/python/manifests/1",
              "GET https://two.io/v2/library/python/manifests/1",
              "GET https://registry-1.docker.io/v2/library/python/manifests/1"});
  CHECK(net.log->warnings.empty());
}

TEST_CASE("registry_client: the first mirror that has it is enough", "[registry]") {
  const Conf conf(kTwoMirrors);
  FakeNetwork net([](const SeenRequest&) { return manifest(); }, conf.options);
  net.client->fetch_manifest(python());
  CHECK(net.log->requests.size() == 1);
}

TEST_CASE("registry_client: what stands where a push would go is no mirror's to say",
          "[registry]") {
  const Conf conf(kTwoMirrors);
  FakeNetwork net([](const SeenRequest&) { return manifest(); }, conf.options);
  const auto found = net.client->resolve_for_push(python());
  REQUIRE(found);
  CHECK(found->digest == base::sha256_of(kManifest));
  CHECK(net.log->lines() ==
        Lines{"HEAD https://registry-1.docker.io/v2/library/python/manifests/1"});
}

TEST_CASE("registry_client: a dead mirror is told once and left alone", "[registry]") {
  const Conf conf(kTwoMirrors);
  FakeNetwork net(
      [](const SeenRequest& request) {
        return is_from(request, "one.io") ? FakeAnswer{0, {}, {}, TransportFailure::connect}
                                          : manifest();
      },
      conf.options);
  net.client->fetch_manifest(python());
  net.client->fetch_manifest(python());
  REQUIRE(net.log->warnings.size() == 1);
  CHECK(net.log->warnings[0].starts_with("mirror one.io is passed over: "));
  CHECK(net.log->requests.size() == 4);  // one.io twice, two.io for each manifest
}

TEST_CASE("registry_client: a mirror that refuses is told once", "[registry]") {
  const Conf conf(kTwoMirrors);
  FakeNetwork net(
      [](const SeenRequest& request) {
        return is_from(request, "two.io") ? manifest() : FakeAnswer{403};
      },
      conf.options);
  net.client->fetch_manifest(python());
  net.client->fetch_manifest(python());
  CHECK(net.log->warnings.size() == 1);
}

TEST_CASE("registry_client: a mirror that lies about a manifest is passed over", "[registry]") {
  const Conf conf(kTwoMirrors);
  image::Reference name = python();
  name.digest = base::sha256_of(kManifest);
  FakeNetwork net(
      [](const SeenRequest& request) {
        FakeAnswer answer = manifest();
        if (is_from(request, "one.io")) answer.body = "other";
        return answer;
      },
      conf.options);
  CHECK(net.client->fetch_manifest(name).bytes == kManifest);
  CHECK(net.log->warnings.size() == 1);
}

TEST_CASE("registry_client: a blob that breaks off at a mirror is finished by the registry",
          "[registry]") {
  const Conf conf("[[registry]]\nprefix='docker.io'\n[[registry.mirror]]\nlocation='one.io'\n");
  const std::string bytes = "0123456789";
  FakeNetwork net(
      [&](const SeenRequest& request) {
        if (!is_from(request, "one.io"))
          return FakeAnswer{206, {{"Content-Range", "bytes 4-9/10"}}, "456789"};
        if (request.headers.find("Range")) return FakeAnswer{0, {}, {}, TransportFailure::connect};
        return FakeAnswer{200, {}, "0123", TransportFailure::closed};
      },
      conf.options);
  base::StringSink sink;
  net.client->fetch_blob(python(), {.digest = base::sha256_of(bytes), .size_bytes = 10}, sink);
  CHECK(sink.text() == bytes);
  CHECK(net.log->requests.back().headers.get("Range") == "bytes=4-");
}

TEST_CASE("registry_client: a mirror with wrong bytes is not asked a second time", "[registry]") {
  const Conf conf("[[registry]]\nprefix='docker.io'\n[[registry.mirror]]\nlocation='one.io'\n");
  FakeNetwork net(
      [&](const SeenRequest& request) {
        return FakeAnswer{200, {}, is_from(request, "one.io") ? "wrong" : "right"};
      },
      conf.options);
  base::StringSink sink;
  const image::Descriptor blob{.digest = base::sha256_of("right"), .size_bytes = 5};
  CHECK_THROWS_AS(net.client->fetch_blob(python(), blob, sink), base::ContentError);
  base::StringSink second;
  net.client->fetch_blob(python(), blob, second);
  CHECK(second.text() == "right");
}

TEST_CASE("registry_client: pushes pass mirrors by", "[registry]") {
  const Conf conf(kTwoMirrors);
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{201}; }, conf.options);
  net.client->push_manifest(python(), "x", "{}");
  CHECK(net.log->lines() ==
        Lines{"PUT https://registry-1.docker.io/v2/library/python/manifests/1"});
}

TEST_CASE("registry_client: a broken registries.conf is told when it is needed", "[registry]") {
  const Conf conf("[[registry]]\nnonsense");
  FakeNetwork net([](const SeenRequest&) { return manifest(); }, conf.options);
  CHECK_THROWS_AS(net.client->resolve(python()), base::UsageError);
}

TEST_CASE("registry_client: loopback speaks plain HTTP, other hosts TLS", "[registry]") {
  FakeNetwork net([](const SeenRequest&) { return manifest(); });
  net.client->resolve(reference("127.0.0.1:5000", "a"));
  net.client->resolve(reference("localhost:5000", "a"));
  net.client->resolve(reference("[::1]:5000", "a"));
  net.client->resolve(reference("127.0.0.1:443", "a"));
  net.client->resolve(reference("h:80", "a"));
  Lines origins;
  for (const SeenRequest& request : net.log->requests) {
    if (request.method == "HEAD") origins.push_back(parse_url(request.url)->origin());
  }
  CHECK(origins == Lines{"http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]:5000",
                         "https://127.0.0.1", "https://h:80"});
}

TEST_CASE("registry_client: with certificates of its own a loopback registry gets TLS first",
          "[registry]") {
  Conf conf("");
  conf.make_dir("certs.d/127.0.0.1:5000");
  base::write_file_atomically(base::DirFd::open(conf.path("certs.d/127.0.0.1:5000")),
                              base::RelPath::exact("ca.crt"), "pem");
  conf.options.certs_dirs = {conf.path("certs.d")};
  FakeNetwork net(
      [](const SeenRequest& request) {
        return request.url.starts_with("https:")
                   ? FakeAnswer{0, {}, {}, TransportFailure::speaks_plain_http}
                   : FakeAnswer{404};
      },
      conf.options);
  net.client->resolve(reference("127.0.0.1:5000", "a"));
  net.client->resolve(reference("127.0.0.1:5000", "a"));
  net.client->resolve(reference("127.0.0.1:5001", "a"));
  CHECK(net.log->lines() == Lines{"HEAD https://127.0.0.1:5000/v2/a/manifests/1",
                                  "HEAD http://127.0.0.1:5000/v2/a/manifests/1",
                                  "HEAD http://127.0.0.1:5000/v2/a/manifests/1",
                                  "HEAD http://127.0.0.1:5001/v2/a/manifests/1"});
}

TEST_CASE("registry_client: a wrong certificate is no reason for plain HTTP", "[registry]") {
  RegistryOptions options;
  options.ca_file = "/ca.pem";
  FakeNetwork net(
      [](const SeenRequest&) {
        return FakeAnswer{0, {}, {}, TransportFailure::tls_certificate};
      },
      options);
  CHECK(registry_error_of([&] {
          net.client->resolve(reference("127.0.0.1:5000", "a"));
        }).find("| put the registry's CA certificate into") != std::string::npos);
  CHECK(net.log->requests.size() == 1);
}

TEST_CASE("registry_client: insecure registries are tried with unverified TLS, then without",
          "[registry]") {
  const Conf conf("[[registry]]\nlocation='box:5000'\ninsecure=true\n");
  FakeNetwork net(
      [](const SeenRequest& request) {
        return request.url.starts_with("https:") ? FakeAnswer{0, {}, {}, TransportFailure::connect}
                                                 : FakeAnswer{404};
      },
      conf.options);
  net.client->resolve(reference("box:5000", "a"));
  REQUIRE(net.log->requests.size() == 2);
  CHECK(net.log->requests[0].trust == TlsTrust::none);
  CHECK(net.log->requests[1].url == "http://box:5000/v2/a/manifests/1");
  CHECK(registry_error_of([&] { net.client->resolve(reference("other:5000", "a")); }) !=
        "(no error)");
}

TEST_CASE("registry_client: --tls-verify=false trusts any certificate", "[registry]") {
  RegistryOptions options;
  options.tls_verify = false;
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{404}; }, options);
  net.client->resolve(reference("r.io", "a"));
  CHECK(net.log->requests[0].trust == TlsTrust::none);
}

TEST_CASE("registry_client: a domain that is called insecure is trusted, others are not",
          "[registry]") {
  RegistryOptions options;
  options.insecure_domains = {"box:5000"};
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{404}; }, options);
  net.client->resolve(reference("box:5000", "a"));
  net.client->resolve(reference("box:5001", "a"));
  REQUIRE(net.log->requests.size() == 2);
  CHECK(net.log->requests[0].trust == TlsTrust::none);
  CHECK(net.log->requests[1].trust != TlsTrust::none);
}

TEST_CASE("registry_client: a HEAD that an insecure HTTPS server on loopback refuses goes to TLS",
          "[registry]") {
  // An answer to HEAD has no body that could say why.
  RegistryOptions options;
  options.tls_verify = false;
  const auto blob = base::sha256_of("x");
  FakeNetwork net(
      [](const SeenRequest& request) {
        return FakeAnswer{request.url.starts_with("https://") ? 200 : 400};
      },
      options);
  CHECK(net.client->has_blob(reference("127.0.0.1:5000", "a"), blob));
  CHECK(net.log->requests.size() == 2);

  FakeNetwork plain(
      [](const SeenRequest& request) {
        if (!request.url.starts_with("https://")) return FakeAnswer{400};
        return FakeAnswer{0, {}, {}, TransportFailure::speaks_plain_http};
      },
      options);
  CHECK_THAT(
      registry_error_of([&] { plain.client->has_blob(reference("127.0.0.1:5000", "a"), blob); }),
      Catch::Contains("HEAD http://127.0.0.1:5000/") && Catch::Contains(": 400"));
}

TEST_CASE("registry_client: an HTTPS server on loopback is told as such", "[registry]") {
  FakeNetwork net([](const SeenRequest&) {
    return FakeAnswer{
        400, {{"Content-Type", "text/plain"}}, "Client sent an HTTP request to an HTTPS server.\n"};
  });
  const std::string error =
      registry_error_of([&] { net.client->fetch_manifest(reference("127.0.0.1:5000", "a")); });
  CHECK(error ==
        "GET http://127.0.0.1:5000/v2/a/manifests/1: 400 Client sent an HTTP request to an HTTPS "
        "server. (no credential) | put the registry's CA certificate into "
        "/etc/containers/certs.d/127.0.0.1:5000/ca.crt, or name it with --ca-file");
}

TEST_CASE("registry_client: warnings of the registry are shown once", "[registry]") {
  FakeNetwork net([](const SeenRequest&) {
    return FakeAnswer{404,
                      {{"Warning", "299 - \"old \\\"v1\\\" API\""}, {"Warning", "199 - \"no\""}}};
  });
  net.client->resolve(reference("r.io", "a"));
  net.client->resolve(reference("r.io", "b"));
  CHECK(net.log->warnings == Lines{"r.io: old \"v1\" API"});
}

TEST_CASE("registry_client: check_login takes what is given, and tells a refusal", "[registry]") {
  FakeNetwork net([](const SeenRequest& request) {
    if (request.authorization() == "Basic dTpw") return FakeAnswer{200};
    return FakeAnswer{401, {{"WWW-Authenticate", "Basic realm=x"}}};
  });
  CHECK_NOTHROW(net.client->check_login("docker.io", "u", "p"));
  CHECK(net.log->requests[0].line() == "GET https://registry-1.docker.io/v2/");
  CHECK(registry_error_of([&] {
          net.client->check_login("r.io", "u", "wrong");
        }).starts_with("GET https://r.io/v2/: 401 (credential of \"u\")"));
  CHECK(registry_error_of([&] {
          net.client->check_login("r.io", "", "");
        }).starts_with("GET https://r.io/v2/: 401 (no credential)"));
}

TEST_CASE("registry_client: a helper that fails is a warning, not the end", "[registry]") {
  Conf conf("");
  base::write_file_atomically(base::DirFd::open(conf.path("")), base::RelPath::exact("config.json"),
                              R"({"credsStore":"no-such-helper"})");
  conf.options.docker_config_dir = conf.path("");
  FakeNetwork net(
      [](const SeenRequest& request) {
        if (!request.authorization().empty()) return FakeAnswer{404};
        if (request.url.starts_with("https://auth.io/"))
          return FakeAnswer{200, {}, R"({"token":"t"})"};
        return FakeAnswer{401, {{"WWW-Authenticate", "Bearer realm=\"https://auth.io/\""}}};
      },
      conf.options);
  net.client->resolve(reference("r.io", "a"));
  net.client->resolve(reference("r.io", "a"));
  REQUIRE(net.log->warnings.size() == 1);
  CHECK(net.log->warnings[0].find("docker-credential-no-such-helper") != std::string::npos);
}

TEST_CASE("registry_client: a stop request ends it", "[registry]") {
  std::stop_source stop;
  stop.request_stop();
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{404}; });
  CHECK_THROWS_AS(net.client->resolve(reference("r.io", "a"), stop.get_token()),
                  base::CancelledError);
}

TEST_CASE("registry_client: HttpHeaders go to the registry, and no further", "[registry]") {
  Conf conf("");
  base::write_file_atomically(base::DirFd::open(conf.path("")), base::RelPath::exact("config.json"),
                              R"({"HttpHeaders": {"X-Team": "blue"}})");
  conf.options.docker_config_dir = conf.path("");
  FakeNetwork net(
      [](const SeenRequest& request) {
        if (is_from(request, "storage.io")) return manifest();
        return FakeAnswer{307, {{"Location", "https://storage.io/x"}}};
      },
      conf.options);
  net.client->fetch_manifest(reference("r.io", "a"));
  REQUIRE(net.log->requests.size() == 2);
  CHECK(net.log->requests[0].headers.get("X-Team") == "blue");
  CHECK_FALSE(net.log->requests[1].headers.find("X-Team"));
}
