// hosts.toml as the client obeys it.
#include <catch2/catch.hpp>
#include <functional>

#include "base/digest.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "tests/support/must_run.h"
#include "tests/support/registry_server.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

using Lines = std::vector<std::string>;

/// A machine's configuration: hosts.toml for docker.io, and registries.conf.
class Files {
 public:
  explicit Files(const std::string& hosts_toml, const std::string& domain = "docker.io") {
    write("certs.d/" + domain + "/hosts.toml", hosts_toml);
    options.certs_dirs = {path("certs.d")};
    options.hosts_dirs = {path("certs.d")};
  }
  void write(const std::string& name, const std::string& text) {
    base::make_dirs(dir_.dir(), base::RelPath::exact(name).parent());
    base::write_file_atomically(dir_.dir(), base::RelPath::exact(name), text);
  }
  std::string path(const std::string& name) const { return dir_.host_path() + "/" + name; }
  RegistryOptions options;

 private:
  base::TempDir dir_{base::DirFd::open("/tmp"), "ibuild-test-hosts-"};
};

const std::string kManifest = R"({"config":{}})";

FakeAnswer manifest() {
  return {200,
          {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"},
           {"Content-Length", std::to_string(kManifest.size())},
           {"Docker-Content-Digest", base::sha256_of(kManifest).str()}},
          kManifest};
}

image::Reference python() { return reference("docker.io", "library/python"); }

image::Reference python_by_digest() {
  auto name = python();
  name.digest = base::sha256_of(kManifest);
  return name;
}

constexpr const char* kMirror =
    "[host.\"https://m.example\"]\ncapabilities = [\"pull\", \"resolve\"]\n";

std::string usage_error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const base::UsageError& error) {
    return error.what();
  }
  return "(no error)";
}

}  // namespace

TEST_CASE("hosts_toml: mirrors are asked with the registry's name, then the registry",
          "[registry]") {
  const Files files(kMirror);
  FakeNetwork net(
      [](const SeenRequest& request) {
        return request.url.starts_with("https://m.") ? FakeAnswer{404} : manifest();
      },
      files.options);
  CHECK(net.client->fetch_manifest(python()).bytes == kManifest);
  CHECK(net.log->lines() ==
        Lines{"GET https://m.example/v2/library/python/manifests/1?ns=docker.io",
              "GET https://registry-1.docker.io/v2/library/python/manifests/1"});
}

TEST_CASE("hosts_toml: who may only be pulled from is not asked what a tag means", "[registry]") {
  const Files files("[host.\"https://m.example\"]\ncapabilities = [\"pull\"]\n");
  FakeNetwork net([](const SeenRequest&) { return manifest(); }, files.options);
  net.client->resolve(python());
  net.client->fetch_manifest(python_by_digest());
  CHECK(net.log->lines() == Lines{"HEAD https://registry-1.docker.io/v2/library/python/manifests/1",
                                  "GET https://m.example/v2/library/python/manifests/" +
                                      base::sha256_of(kManifest).str() + "?ns=docker.io"});
}

TEST_CASE("hosts_toml: a push goes to the first host that takes pushes", "[registry]") {
  const Files pull_only(kMirror);
  FakeNetwork origin([](const SeenRequest&) { return FakeAnswer{201}; }, pull_only.options);
  origin.client->push_manifest(python(), "x", "{}");
  CHECK(origin.log->lines() ==
        Lines{"PUT https://registry-1.docker.io/v2/library/python/manifests/1"});

  const Files all(std::string(kMirror) + "[host.\"https://p.example\"]\n");
  FakeNetwork push([](const SeenRequest&) { return FakeAnswer{201}; }, all.options);
  push.client->push_manifest(python(), "x", "{}");
  CHECK(push.log->lines() ==
        Lines{"PUT https://p.example/v2/library/python/manifests/1?ns=docker.io"});
}

TEST_CASE("hosts_toml: an entry of registries.conf decides alone", "[registry]") {
  Files files(kMirror);
  files.write("registries.conf",
              "[[registry]]\nprefix='docker.io/library'\nlocation='other.example/l'\n"
              "[[registry]]\nprefix='docker.io/bad'\nblocked=true\n");
  files.options.registries_conf = files.path("registries.conf");
  FakeNetwork net([](const SeenRequest&) { return manifest(); }, files.options);
  net.client->fetch_manifest(python());
  net.client->fetch_manifest(reference("docker.io", "team/app"));
  CHECK(net.log->lines() == Lines{"GET https://other.example/v2/l/python/manifests/1",
                                  "GET https://m.example/v2/team/app/manifests/1?ns=docker.io"});
  CHECK(usage_error_of([&] {
          net.client->resolve(reference("docker.io", "bad/app"));
        }).find("is blocked by") != std::string::npos);
}

TEST_CASE("hosts_toml: --tls-verify=false holds for its hosts, too", "[registry]") {
  Files files(kMirror);
  files.options.tls_verify = false;
  FakeNetwork net([](const SeenRequest&) { return manifest(); }, files.options);
  net.client->resolve(python());
  CHECK(net.log->requests[0].trust == TlsTrust::none);
}

TEST_CASE("hosts_toml: a path of its own, and pages that begin with it", "[registry]") {
  const Files files("server = \"https://proxy.example/api/hub\"\noverride_path = true\n");
  FakeNetwork net(
      [](const SeenRequest& request) {
        FakeAnswer answer{200, {{"Content-Type", "application/json"}}, R"({"tags":["a"]})"};
        if (request.url.find("last=") == std::string::npos)
          answer.headers.add("Link", "</api/hub/library/python/tags/list?last=a>; rel=\"next\"");
        return answer;
      },
      files.options);
  CHECK(net.client->list_tags(python()) == Lines{"a"});
  CHECK(net.log->lines() ==
        Lines{"GET https://proxy.example/api/hub/library/python/tags/list?n=1000&ns=docker.io",
              "GET https://proxy.example/api/hub/library/python/tags/list?last=a&ns=docker.io"});
}

TEST_CASE("hosts_toml: fields and files are one host's, and not whom it redirects to",
          "[registry]") {
  const Files files(std::string(kMirror) +
                    "ca = \"m.crt\"\ndial_timeout = \"2s\"\n"
                    "[host.\"https://m.example\".header]\nAuthorization = \"Basic c2VjcmV0\"\n"
                    "X-Team = [\"a\", \"b\"]\n");
  FakeNetwork net(
      [](const SeenRequest& request) {
        if (request.url.starts_with("https://m."))
          return FakeAnswer{307, {{"Location", "https://cdn.example/x"}}};
        return request.url.starts_with("https://cdn.") ? FakeAnswer{404} : manifest();
      },
      files.options);
  net.client->fetch_manifest(python());
  REQUIRE(net.log->requests.size() == 3);
  const SeenRequest& mirror = net.log->requests[0];
  CHECK(mirror.authorization() == "Basic c2VjcmV0");
  CHECK(mirror.headers.all("X-Team") == Lines{"a", "b"});
  CHECK(mirror.connection.tls_files.ca_files == Lines{files.path("certs.d/docker.io/m.crt")});
  CHECK(mirror.connection.connect_timeout == std::chrono::milliseconds(2000));
  for (const std::size_t other : {1, 2}) {
    const SeenRequest& request = net.log->requests[other];
    CHECK(request.authorization().empty());
    CHECK(request.headers.all("X-Team").empty());
    CHECK(request.connection == ConnectionRules{});
  }
}

TEST_CASE("hosts_toml: whose Authorization field was refused is told", "[registry]") {
  const Files files("[header]\nAuthorization = \"Basic c2VjcmV0\"\n", "r.io");
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{403}; }, files.options);
  const auto error = registry_error_of([&] { net.client->fetch_manifest(reference("r.io", "a")); });
  CHECK(error.find("(Authorization field from " + files.path("certs.d/r.io/hosts.toml") + ")") !=
        std::string::npos);
  CHECK(error.find("c2VjcmV0") == std::string::npos);
}

TEST_CASE("hosts_toml: http means plain HTTP, unless TLS is spoken of", "[registry]") {
  const auto plain_only = [](const SeenRequest& request) {
    return request.url.starts_with("https:")
               ? FakeAnswer{0, {}, {}, TransportFailure::speaks_plain_http}
               : manifest();
  };
  const Files plain("server = \"http://h:5000\"\n");
  FakeNetwork net(plain_only, plain.options);
  net.client->resolve(python());
  CHECK(net.log->lines() == Lines{"HEAD http://h:5000/v2/library/python/manifests/1?ns=docker.io"});

  const Files both("server = \"http://h:5000\"\nskip_verify = true\n");
  FakeNetwork tried(plain_only, both.options);
  tried.client->resolve(python());
  CHECK(tried.log->lines() ==
        Lines{"HEAD https://h:5000/v2/library/python/manifests/1?ns=docker.io",
              "HEAD http://h:5000/v2/library/python/manifests/1?ns=docker.io"});
  CHECK(tried.log->requests[0].trust == TlsTrust::none);
}

TEST_CASE("hosts_toml: https on this machine is no plain HTTP", "[registry]") {
  const Files files("server = \"https://127.0.0.1:5000\"\n");
  FakeNetwork net(
      [](const SeenRequest&) {
        return FakeAnswer{0, {}, {}, TransportFailure::speaks_plain_http};
      },
      files.options);
  CHECK(registry_error_of([&] { net.client->resolve(python()); }) != "(no error)");
  CHECK(net.log->requests.size() == 1);
}

TEST_CASE("hosts_toml: a broken file and a key that is not known are told", "[registry]") {
  const Files broken("server = ");
  FakeNetwork first([](const SeenRequest&) { return manifest(); }, broken.options);
  CHECK(usage_error_of([&] {
          first.client->resolve(python());
        }).starts_with(broken.path("certs.d/docker.io/hosts.toml:1: ")));
  CHECK(first.log->requests.empty());

  const Files unknown("retries = 3\n");
  FakeNetwork second([](const SeenRequest&) { return manifest(); }, unknown.options);
  second.client->resolve(python());
  second.client->resolve(python());
  CHECK(second.log->warnings == Lines{unknown.path("certs.d/docker.io/hosts.toml") +
                                      ":1: \"retries\" is not known here, and ignored"});
}

TEST_CASE("hosts_toml: a login is tried at the server", "[registry]") {
  const Files files("[host.\"https://m.example\"]\n", "r.io");
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{200}; }, files.options);
  net.client->check_login("r.io", "u", "p");
  CHECK(net.log->lines() == Lines{"GET https://r.io/v2/"});
}

TEST_CASE("hosts_toml: a real mirror with a CA and client certificates of its own", "[registry]") {
  const std::string why_not = RegistryServer::why_unavailable();
  if (!can_run("registry", why_not.empty(), why_not)) return;
  const RegistryServer mirror(
      {.scheme = RegistryServerOptions::Scheme::https, .wants_client_certificate = true});
  Files files("server = \"" + mirror.url() + "\"\nca = \"ca.pem\"\n" +
              "client = [[\"me.cert\", \"me.key\"]]\n");
  const auto copy = [&](const std::string& from, const std::string& to) {
    files.write("certs.d/docker.io/" + to, base::read_host_file(from, 1 << 16));
  };
  copy(mirror.ca_file(), "ca.pem");
  copy(mirror.client_certificate_file(), "me.cert");
  copy(mirror.client_key_file(), "me.key");
  const auto client = make_registry_client(files.options);
  const std::string bytes = "layer";
  const image::Descriptor blob{.media_type = "application/octet-stream",
                               .digest = base::sha256_of(bytes),
                               .size_bytes = bytes.size()};
  client->push_blob(python(), blob, [&] { return std::make_unique<base::StringSource>(bytes); });
  base::StringSink sink;
  client->fetch_blob(python(), blob, sink);
  CHECK(sink.text() == bytes);
  // The files are those of docker.io's server, not of the host that it is.
  CHECK(registry_error_of([&] { client->resolve(reference(mirror.host(), "a")); }) != "(no error)");
}
