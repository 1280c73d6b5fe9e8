#include "cli/options_registry.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;

namespace {

registry::RegistryOptions resolve(const std::vector<std::string>& words) {
  cli::OptionParser parser("ibuild ls", "");
  cli::RegistryFlags flags;
  flags.add_to(parser);
  std::ostringstream out;
  (void)parser.parse(words, out);
  return flags.resolve();
}

}  // namespace

TEST_CASE("options_registry: how often and by how many connections", "[cli]") {
  CHECK(resolve({}).max_attempts == 5);
  CHECK(resolve({}).max_connections_per_host == 6);
  CHECK(resolve({"--retry", "0"}).max_attempts == 1);
  CHECK(resolve({"--retry=9"}).max_attempts == 10);
  CHECK(resolve({"--connections", "1"}).max_connections_per_host == 1);
  for (const std::string words : {"--retry=-1", "--retry=x", "--retry=101", "--connections=0",
                                  "--connections=65", "--connections=2x"}) {
    INFO(words);
    CHECK_THROWS_AS(resolve({words}), base::UsageError);
  }
}

TEST_CASE("options_registry: no password on the command line", "[cli]") {
  CHECK_THROWS_WITH(resolve({"--creds", "u:p"}), Catch::Contains("every user of this machine"));
}

TEST_CASE("options_registry: a wait and a folder of certificates", "[cli]") {
  CHECK_FALSE(resolve({}).retry_delay);
  CHECK(resolve({"--retry-delay", "2s"}).retry_delay == std::chrono::milliseconds(2000));
  CHECK(resolve({"--cert-dir", "/tmp"}).cert_dir == "/tmp");
  CHECK_THROWS_WITH(resolve({"--retry-delay=2"}), Catch::Contains("--retry-delay 2"));
  CHECK_THROWS_WITH(resolve({"--retry-delay=2h"}), Catch::Contains("--retry-delay"));
  CHECK_THROWS_WITH(resolve({"--cert-dir=/no/such"}), Catch::Contains("--cert-dir"));
  CHECK_THROWS_WITH(resolve({"--cert-dir=/dev/null"}), Catch::Contains("no directory"));
}

TEST_CASE("options_registry: files that are named must be there, and hold what they are for",
          "[cli]") {
  const auto dir = test::make_scratch_dir();
  const auto put = [&](const std::string& name, const std::string& text) {
    base::write_file_atomically(dir.dir(), base::RelPath::exact(name), text);
    return dir.host_path() + "/" + name;
  };
  for (const std::string option : {"--registries-conf", "--authfile", "--ca-file"}) {
    CHECK_THROWS_AS(resolve({option, "/no/such"}), base::UsageError);
    CHECK_THROWS_WITH(resolve({option, "/no/such"}),
                      option + ": open /no/such: no such file or directory");
    CHECK_THROWS_WITH(resolve({option, dir.host_path()}), Catch::Contains("is a directory"));
  }
  CHECK_THROWS_WITH(resolve({"--ca-file", put("empty.pem", "")}),
                    Catch::Contains("--ca-file") && Catch::Contains("no certificate"));
  const auto file = put("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  CHECK(resolve({"--ca-file", file}).ca_file == file);
  CHECK(resolve({"--authfile", file}).explicit_auth_file == file);
  CHECK(resolve({"--registries-conf", "/dev/null"}).registries_conf == "/dev/null");
}
