#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/support/machine.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

/// The tar of a Debian system with `packages`, made by mmdebstrap once and kept beside the build
/// directory. Empty when it cannot be made here.
std::string debian_tar(const std::string& name, const std::string& packages) {
  const std::string folder = std::string(IBUILD_BINARY_DIR) + "/../e2e-bases";
  std::string tar = folder + "/" + name + ".tar";
  if (access(tar.c_str(), R_OK) == 0) return tar;
  const std::string script =
      "set -e; mkdir -p \"$1\"; mmdebstrap --quiet --variant=apt --include=\"$3\" "
      "--customize-hook='rm -rf \"$1\"/usr/share/doc \"$1\"/usr/share/man \"$1\"/usr/share/locale' "
      "bookworm \"$2.new.tar\" >&2; mv \"$2.new.tar\" \"$2\"";
  const auto result = base::run_program({"sh", "-c", script, "sh", folder, tar, packages},
                                        {.timeout = std::chrono::minutes(10)});
  UNSCOPED_INFO(result.err);
  return result.status.success() ? tar : "";
}

bool wanted(const std::string& need) {
  const char* list = std::getenv("IBUILD_TESTS_MUST_RUN");
  const bool demanded = list != nullptr && std::string(list).find(need) != std::string::npos;
  return test::can_run(
      need, demanded, "installs packages over the network; named in IBUILD_TESTS_MUST_RUN it runs");
}

}  // namespace

TEST_CASE("network: apt-get installs inside a step, the same in every profile", "[e2e]") {
  if (!wanted("apt")) return;
  const auto tar = debian_tar("apt", "ca-certificates");
  REQUIRE_FALSE(tar.empty());
  std::vector<std::pair<Who, std::string>> places;
  for (const Who who : everybody()) {
    places.emplace_back(who, who == Who::root ? "root" : "rootless");
    if (who == Who::root) places.emplace_back(who, "chroot");
    if (who == Who::single) places.emplace_back(who, "shared-pids");
  }
  std::string first;
  for (const auto& [who, isolation] : places) {
    INFO(name_of(who) << ", " << isolation);
    Machine machine(who);
    machine.must_run({"cp", "-p", tar, machine.path("context/base.tar")});
    // What tells of the day, or of the file system's own numbers, is removed.
    const auto built = machine.build(
        "app:1",
        "FROM scratch\nADD base.tar /\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends curl && "
        "rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/apt/* /var/cache/ldconfig/*\n"
        "CMD [\"curl\", \"--version\"]\n",
        {"-q", "--isolation", isolation},
        {.env = {"SOURCE_DATE_EPOCH=1700000000"}, .timeout = std::chrono::minutes(10)});
    INFO(built.err);
    REQUIRE(built.code == 0);
    if (first.empty()) first = built.out;
    CHECK(built.out == first);
    CHECK_THAT(machine.must({"run", "--isolation", isolation, "app:1"}),
               Catch::StartsWith("curl "));
  }
}

TEST_CASE("network: npm ci inside a step", "[e2e]") {
  if (!wanted("npm")) return;
  const auto tar = debian_tar("npm", "ca-certificates,nodejs,npm");
  REQUIRE_FALSE(tar.empty());
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.must_run({"cp", tar, machine.path("base.tar")});
      machine.write("context/app.js",
                    "const leftPad = require('left-pad');\nconsole.log(leftPad('x', 3));\n");
      machine.write("context/package.json",
                    "{\"name\": \"app\", \"version\": \"1.0.0\", \"dependencies\": {\"left-pad\": "
                    "\"1.3.0\"}}\n");
      machine.write("context/package-lock.json",
                    "{\"name\": \"app\", \"version\": \"1.0.0\", \"lockfileVersion\": 3, "
                    "\"requires\": true, \"packages\": {"
                    "\"\": {\"name\": \"app\", \"version\": \"1.0.0\", \"dependencies\": "
                    "{\"left-pad\": \"1.3.0\"}}, "
                    "\"node_modules/left-pad\": {\"version\": \"1.3.0\", \"integrity\": "
                    "\"sha512-XI5MPzVNApjAyhQzphX8BkmKsKUxD4LdyK24iZeQGinBN9yTQT3bFlCBy/"
                    "aVx2HrNcqQGsdot8ghrjyrvMCoEA==\"}}}\n");
      machine.write("base/Dockerfile", "FROM scratch\nADD base.tar /\n");
      machine.must_run({"mv", "base.tar", "base/base.tar"});
      machine.must({"build", "-q", "-t", "localhost/node:1", machine.path("base")},
                   {.timeout = std::chrono::minutes(5)});
      const auto built = machine.build("app:1",
                                       "FROM localhost/node:1\nWORKDIR /app\nCOPY package*.json "
                                       "./\nRUN --mount=type=secret,id=ca,target=/run/ca.pem "
                                       "NODE_EXTRA_CA_CERTS=/run/ca.pem npm ci\nCOPY . .\n"
                                       "CMD [\"node\", \"app.js\"]\n",
                                       // Whom this machine trusts, the step trusts as well.
                                       {"--secret", "id=ca,src=/etc/ssl/certs/ca-certificates.crt"},
                                       {.timeout = std::chrono::minutes(10)});
      INFO(built.err);
      REQUIRE(built.code == 0);
      CHECK(machine.must({"run", "app:1"}) == "  x");
    }
  }
}
