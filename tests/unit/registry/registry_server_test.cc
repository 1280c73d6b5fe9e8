#include "tests/support/registry_server.h"

#include <catch2/catch.hpp>

#include "base/child.h"
#include "base/fs_at.h"
#include "tests/support/must_run.h"

using ibuild::test::RegistryServer;
using ibuild::test::RegistryServerOptions;

namespace {

bool servers_can_run() {
  const std::string why_not = RegistryServer::why_unavailable();
  return ibuild::test::can_run("registry", why_not.empty(), why_not);
}

}  // namespace

TEST_CASE("registry_server: a plain server listens on a port of its own", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer one;
  const RegistryServer other;
  CHECK(one.port() != other.port());
  CHECK(one.host() == "127.0.0.1:" + std::to_string(one.port()));
  CHECK(one.url() == "http://" + one.host());
}

TEST_CASE("registry_server: a TLS server has a CA file", "[registry]") {
  if (!servers_can_run()) return;
  const RegistryServer server({.scheme = RegistryServerOptions::Scheme::https});
  CHECK(server.url() == "https://" + server.host());
  CHECK(ibuild::base::read_host_file(server.ca_file(), 1 << 16).find("BEGIN CERTIFICATE") !=
        std::string::npos);
}

TEST_CASE("registry_server: files are gone when it is stopped", "[registry]") {
  if (!servers_can_run()) return;
  std::string ca_file;
  {
    const RegistryServer server({.scheme = RegistryServerOptions::Scheme::https});
    ca_file = server.ca_file();
  }
  CHECK_FALSE(ibuild::base::try_read_host_file(ca_file, 1 << 16).has_value());
}
