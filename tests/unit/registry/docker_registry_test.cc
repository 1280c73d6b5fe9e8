// The client against a real docker-registry.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "registry/http/connector.h"
#include "registry/http/response_reader.h"
#include "registry/registry_client.h"
#include "tests/support/must_run.h"
#include "tests/support/registry_server.h"
#include "tests/support/scripted_server.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using ibuild::test::reference;
using ibuild::test::registry_error_of;
using ibuild::test::RegistryServer;
using ibuild::test::RegistryServerOptions;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

using Scheme = RegistryServerOptions::Scheme;
using Access = RegistryServerOptions::Access;

bool servers_can_run() {
  const std::string why_not = RegistryServer::why_unavailable();
  return ibuild::test::can_run("registry", why_not.empty(), why_not);
}

image::Descriptor descriptor_of(const std::string& bytes,
                                const char* type = "application/octet-stream") {
  return {.media_type = type, .digest = base::sha256_of(bytes), .size_bytes = bytes.size()};
}

UploadOutcome push(RegistryClient& client, const image::Reference& repository,
                   const std::string& bytes, const std::string& mount_from = {}) {
  return client.push_blob(
      repository, descriptor_of(bytes), [&] { return std::make_unique<base::StringSource>(bytes); },
      mount_from);
}

std::string fetch(RegistryClient& client, const image::Reference& repository,
                  const std::string& bytes) {
  base::StringSink sink;
  client.fetch_blob(repository, descriptor_of(bytes), sink);
  return sink.take();
}

constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";

std::string manifest_of(const std::string& config, const std::string& layer) {
  const auto entry = [](const char* type, const std::string& bytes) {
    return R"({"mediaType":")" + std::string(type) + R"(","digest":")" +
           base::sha256_of(bytes).str() + R"(","size":)" + std::to_string(bytes.size()) + "}";
  };
  return R"({"schemaVersion":2,"mediaType":")" + std::string(kManifestType) + R"(","config":)" +
         entry("application/vnd.oci.image.config.v1+json", config) + R"(,"layers":[)" +
         entry("application/vnd.oci.image.layer.v1.tar+gzip", layer) + "]}";
}

/// Pushes an image of two blobs and reads everything back.
void check_round_trip(RegistryClient& client, const image::Reference& name) {
  const std::string config = R"({"architecture":"amd64","os":"linux"})";
  const std::string layer(3 << 20, 'L');
  CHECK_FALSE(client.resolve(name));
  CHECK_FALSE(client.has_blob(name, base::sha256_of(layer)));
  CHECK(push(client, name, config) == UploadOutcome::uploaded);
  CHECK(push(client, name, layer) == UploadOutcome::uploaded);
  CHECK(push(client, name, layer) == UploadOutcome::already_there);
  CHECK(client.has_blob(name, base::sha256_of(layer)));

  const std::string manifest = manifest_of(config, layer);
  CHECK(client.push_manifest(name, kManifestType, manifest) == base::sha256_of(manifest));
  const auto resolved = client.resolve(name);
  REQUIRE(resolved);
  CHECK(resolved->digest == base::sha256_of(manifest));
  CHECK(resolved->size_bytes == manifest.size());
  CHECK(resolved->media_type == kManifestType);
  CHECK(client.fetch_manifest(name).bytes == manifest);
  image::Reference pinned = name;
  pinned.digest = resolved->digest;
  CHECK(client.fetch_manifest(pinned).bytes == manifest);
  CHECK(fetch(client, name, layer) == layer);
}

RegistryOptions with_login(const RegistryServer& server, const std::string& password) {
  RegistryOptions options;
  options.docker_auth_config = R"({"auths":{")" + server.host() + R"(":{"username":")" +
                               RegistryServer::username() + R"(","password":")" + password +
                               R"("}}})";
  return options;
}

class TempFolder {
 public:
  TempFolder() : dir_(base::DirFd::open("/tmp"), "ibuild-test-client-") {}
  std::string path(const std::string& name) const { return dir_.host_path() + "/" + name; }
  std::string write(const std::string& name, const std::string& text) {
    const base::RelPath path_in = base::RelPath::exact(name);
    base::make_dirs(dir_.dir(), path_in.parent());
    base::write_file_atomically(dir_.dir(), path_in, text);
    return path(name);
  }

 private:
  base::TempDir dir_;
};

}  // namespace

TEST_CASE("docker_registry: push and pull over plain HTTP", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server;
  const auto client = make_registry_client({});
  check_round_trip(*client, reference(server.host(), "team/app"));
}

TEST_CASE("docker_registry: push and pull with basic auth; refusals name the credential",
          "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server({.access = Access::basic_auth});
  const image::Reference name = reference(server.host(), "app");
  check_round_trip(*make_registry_client(with_login(server, RegistryServer::password())), name);

  const std::string url = "GET http://" + server.host() +
                          "/v2/app/manifests/1: 401 UNAUTHORIZED: authentication required ";
  CHECK(registry_error_of([&] { make_registry_client({})->fetch_manifest(name); }) ==
        url + "(no credential) | the image may not exist, or needs a login: ibuild login " +
            server.host());
  const auto wrong = make_registry_client(with_login(server, "wrong"));
  CHECK(registry_error_of([&] {
          wrong->fetch_manifest(name);
        }).starts_with(url + "(credential of \"alice\" from DOCKER_AUTH_CONFIG) | "));
}

TEST_CASE("docker_registry: check_login", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server({.access = Access::basic_auth});
  const auto client = make_registry_client({});
  CHECK_NOTHROW(
      client->check_login(server.host(), RegistryServer::username(), RegistryServer::password()));
  CHECK_THROWS_AS(client->check_login(server.host(), RegistryServer::username(), "wrong"),
                  RegistryError);
}

TEST_CASE("docker_registry: TLS with a CA of its own, by --ca-file or by certs.d", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server({.scheme = Scheme::https});
  RegistryOptions with_ca;
  with_ca.ca_file = server.ca_file();
  check_round_trip(*make_registry_client(with_ca), reference(server.host(), "app"));

  TempFolder folder;
  folder.write("certs.d/" + server.host() + "/ca.crt",
               base::read_host_file(server.ca_file(), 1 << 16));
  RegistryOptions with_certs;
  with_certs.certs_dirs = {folder.path("certs.d")};
  const auto client = make_registry_client(with_certs);
  CHECK(client->resolve(reference(server.host(), "app")));

  const std::string error = registry_error_of(
      [&] { make_registry_client({})->fetch_manifest(reference(server.host(), "app")); });
  CHECK(error.find("HTTP request to an HTTPS server") != std::string::npos);
  CHECK(error.find("certs.d/" + server.host() + "/ca.crt") != std::string::npos);
}

TEST_CASE("docker_registry: an unknown CA or another name is refused", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server({.scheme = Scheme::https});
  const RegistryServer other({.scheme = Scheme::https});
  RegistryOptions wrong_ca;
  wrong_ca.ca_file = other.ca_file();
  const auto error_with = [&](const RegistryOptions& options, const std::string& host) {
    return registry_error_of(
        [&] { make_registry_client(options)->fetch_manifest(reference(host, "app")); });
  };
  CHECK(error_with(wrong_ca, server.host()).find("the certificate is not trusted: ") !=
        std::string::npos);

  const RegistryServer elsewhere(
      {.scheme = Scheme::https, .certificate_names = {"registry.example"}});
  RegistryOptions right_ca;
  right_ca.ca_file = elsewhere.ca_file();
  CHECK(error_with(right_ca, elsewhere.host()).find("ip address mismatch") != std::string::npos);
  CHECK(error_with(right_ca, "localhost:" + std::to_string(elsewhere.port()))
            .find("hostname mismatch") != std::string::npos);
  right_ca.tls_verify = false;
  CHECK(error_with(right_ca, elsewhere.host()).find("404 MANIFEST_UNKNOWN") != std::string::npos);
}

TEST_CASE("docker_registry: a client certificate from certs.d is shown where it is wanted",
          "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server({.scheme = Scheme::https, .wants_client_certificate = true});
  RegistryOptions without;
  without.ca_file = server.ca_file();
  const std::string error = registry_error_of(
      [&] { make_registry_client(without)->resolve(reference(server.host(), "app")); });
  CHECK(error.find(" certificate | ") != std::string::npos);
  CHECK(error.find("client.cert") != std::string::npos);

  TempFolder folder;
  const std::string dir = "certs.d/" + server.host() + "/";
  const auto copy = [&](const std::string& from, const std::string& to) {
    folder.write(dir + to, base::read_host_file(from, 1 << 16));
  };
  copy(server.ca_file(), "ca.crt");
  copy(server.client_certificate_file(), "me.cert");
  RegistryOptions with;
  with.certs_dirs = {folder.path("certs.d")};
  CHECK_THROWS_AS(make_registry_client(with)->resolve(reference(server.host(), "app")),
                  base::UsageError);  // its key is missing
  copy(server.client_key_file(), "me.key");
  check_round_trip(*make_registry_client(with), reference(server.host(), "app"));
}

TEST_CASE("docker_registry: TLS goes through a proxy's tunnel", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server({.scheme = Scheme::https});
  ibuild::test::ScriptedServer proxy(
      {[&](ibuild::test::Conversation& talk) { talk.tunnel_to(server.port()); }});
  const SocketTransportOptions options{.ca_file = server.ca_file()};
  Connector connector(options);
  const StopWaker waker({});
  const auto connection =
      connector.connect({.method = "GET", .url = parse_url(server.url()).value()},
                        parse_url(proxy.url()).value(), waker);
  const WaitLimit limit{waker, std::chrono::milliseconds(5000)};
  REQUIRE(connection->write(
      base::as_bytes("GET /v2/ HTTP/1.1\r\nHost: " + server.host() + "\r\n\r\n"), limit));
  AnswerSource source(*connection, limit, limit);
  CHECK(ResponseReader(source).read_head().status == 200);
}

TEST_CASE("docker_registry: a CA file that is none is named", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server({.scheme = Scheme::https});
  TempFolder folder;
  RegistryOptions options;
  options.ca_file = folder.write("ca.pem", "no certificate");
  CHECK_THROWS_AS(make_registry_client(options)->resolve(reference(server.host(), "a")),
                  base::UsageError);
}

TEST_CASE("docker_registry: with --ca-file given, a plain HTTP registry still works",
          "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer tls({.scheme = Scheme::https});
  const RegistryServer plain;
  RegistryOptions options;
  options.ca_file = tls.ca_file();
  check_round_trip(*make_registry_client(options), reference(plain.host(), "app"));
}

TEST_CASE("docker_registry: blobs are mounted across repositories", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server;
  const auto client = make_registry_client({});
  const std::string bytes = "shared layer";
  push(*client, reference(server.host(), "base"), bytes);
  CHECK(push(*client, reference(server.host(), "app"), bytes, "base") == UploadOutcome::mounted);
  CHECK(fetch(*client, reference(server.host(), "app"), bytes) == bytes);
  const std::string nowhere = "not in the base";
  CHECK(push(*client, reference(server.host(), "app"), nowhere, "base") == UploadOutcome::uploaded);
}

TEST_CASE("docker_registry: a manifest whose blobs are missing is refused by name", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server;
  const auto client = make_registry_client({});
  const std::string manifest = manifest_of("{}", "missing");
  const std::string error = registry_error_of(
      [&] { client->push_manifest(reference(server.host(), "app"), kManifestType, manifest); });
  CHECK(error.find("MANIFEST_BLOB_UNKNOWN") != std::string::npos);
  CHECK(error.find(base::sha256_of("missing").str()) != std::string::npos);
}

TEST_CASE("docker_registry: a pull-through mirror serves docker.io", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer hub;
  const RegistryServer mirror({.mirror_of = hub.url()});
  check_round_trip(*make_registry_client({}), reference(hub.host(), "library/python", "3.7"));
  TempFolder folder;
  RegistryOptions options;
  options.registries_conf = folder.write(
      "registries.conf",
      "[[registry]]\nprefix='docker.io'\n[[registry.mirror]]\nlocation='" + mirror.host() + "'\n");
  const auto client = make_registry_client(options);
  const auto manifest = client->fetch_manifest(reference("docker.io", "library/python", "3.7"));
  CHECK(manifest.descriptor.media_type == kManifestType);
  CHECK(
      fetch(*client, reference("docker.io", "library/python"), std::string(3 << 20, 'L')).size() ==
      3 << 20);
}

TEST_CASE("docker_registry: a blob that was truncated on the server is no blob", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server;
  const image::Reference name = reference(server.host(), "app");
  const std::string bytes(100000, 'x');
  push(*make_registry_client({}), name, bytes);
  const std::string hex(base::sha256_of(bytes).hex());
  const std::string file = server.storage_dir() + "/docker/registry/v2/blobs/sha256/" +
                           hex.substr(0, 2) + "/" + hex + "/data";
  REQUIRE(::truncate(file.c_str(), 50000) == 0);
  CHECK_THROWS_AS(fetch(*make_registry_client({}), name, bytes), base::ContentError);
  std::ofstream(file) << std::string(100000, 'y');
  CHECK_THROWS_AS(fetch(*make_registry_client({}), name, bytes), base::ContentError);
}

TEST_CASE("docker_registry: many threads share one client", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server({.access = Access::basic_auth});
  const auto client = make_registry_client(with_login(server, RegistryServer::password()));
  std::vector<std::string> blobs;
  for (char c = 'a'; c < 'a' + 16; ++c) blobs.emplace_back(300000, c);
  const image::Reference name = reference(server.host(), "app");
  std::vector<std::string> fetched(blobs.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      threads.emplace_back([&, i] {
        push(*client, name, blobs[i]);
        fetched[i] = fetch(*client, name, blobs[i]);
      });
    }
  }
  CHECK(fetched == blobs);
}

TEST_CASE("docker_registry: a server that died is told after the retries", "[registry]") {
  if (!servers_can_run()) return;
  RegistryServer server;
  RegistryOptions options;
  options.max_attempts = 2;
  const auto client = make_registry_client(options);
  const image::Reference name = reference(server.host(), "app");
  CHECK_FALSE(client->resolve(name));
  server.kill();
  const std::string error = registry_error_of([&] { client->resolve(name); });
  CHECK(error.starts_with("after 2 attempts: HEAD http://" + server.host() +
                          "/v2/app/manifests/1: connect to "));
  CHECK(error.find("connection refused") != std::string::npos);
}
