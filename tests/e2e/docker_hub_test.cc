// Docker Hub under its own names, in a network of the test's own.
#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/e2e/support/docker_hub.h"
#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/own_network.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

bool can_have_hub() {
  if (!has_registry()) return false;
  const auto who = everybody();
  const bool root = std::find(who.begin(), who.end(), Who::root) != who.end();
  return test::can_run("root", root, "a network of the test's own needs root");
}

/// What the Flask example asks of python:3.7, in place of the real one.
void make_python(Machine& machine) {
  machine.make_base();
  machine.write("python/pip", "#!/bin/sh\n[ \"$1\" = install ] && cp requirements.txt /installed\n",
                0755);
  machine.write("python/python", "#!/bin/sh\ncat \"$1\"\n", 0755);
  machine.write("python/Dockerfile", "FROM localhost/base:1\nCOPY --chmod=755 pip python /bin/\n");
  machine.must({"build", "-q", "-t", "localhost/python:3.7", "python"});
}

std::size_t count_lines(const std::vector<std::string>& log, const std::string& part) {
  return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [&](const auto& line) {
    return line.find(part) != std::string::npos;
  }));
}

const std::string kFlask = std::string(IBUILD_SOURCE_DIR) + "/testdata/dockerfiles/flask-app";

/// Puts an official image there, as only its makers can.
void publish(const DockerHub& hub, Machine& machine, const std::string& image,
             const std::string& path) {
  machine.must({"push", "--tls-verify=false", image, hub.store_host() + "/" + path});
}

}  // namespace

TEST_CASE("docker hub: the Flask example is pulled, built and pushed by plain names", "[e2e]") {
  if (!can_have_hub()) return;
  run_in_own_network(DockerHub::hosts(), [] {
    DockerHub hub;
    Machine machine(Who::root);
    make_python(machine);
    publish(hub, machine, "localhost/python:3.7", "library/python:3.7");
    const std::vector<std::string> trust = {"--ca-file", hub.ca_file()};
    const auto with_trust = [&](std::vector<std::string> words) {
      words.insert(words.begin() + 1, trust.begin(), trust.end());
      return words;
    };

    Machine user(Who::root);
    CHECK_THAT(user.must(with_trust({"pull", "python:3.7"})),
               Catch::Contains("docker.io/library/python:3.7@sha256:"));
    CHECK(count_lines(hub.log(), "production.cloudflare.docker.com GET") > 0);
    CHECK(count_lines(hub.log(), "production.cloudflare.docker.com GET") ==
          count_lines(hub.log(), " 307"));
    user.must({"rmi", "python:3.7"});
    user.must(with_trust({"build", "-q", "-t", "alice/flask:1", kFlask}));

    const auto refused = user.ibuild(with_trust({"push", "alice/flask:1"}));
    CHECK(refused.code == 3);
    CHECK_THAT(refused.err, Catch::Contains("ibuild login docker.io"));
    user.must(with_trust({"login", "-u", RegistryServer::username(), "--password-stdin"}),
              {.stdin_text = RegistryServer::password()});
    CHECK_THAT(user.read("docker/config.json"), Catch::Contains("https://index.docker.io/v1/"));
    CHECK_THAT(user.must(with_trust({"push", "alice/flask:1"})),
               Catch::Contains("docker.io/alice/flask:1@sha256:"));
    CHECK(user.ibuild(with_trust({"push", "alice/flask:1", "library/flask:1"})).code == 3);

    Machine visitor(Who::root);
    visitor.must(with_trust({"pull", "docker.io/alice/flask:1"}));
    CHECK_THAT(visitor.must({"images"}), Catch::Contains("alice/flask"));
    CHECK_FALSE(visitor.must({"run", "alice/flask:1", "cat", "/installed"}).empty());
  });
}

TEST_CASE("docker hub: HEADs save the quota; the end of it is told with its numbers", "[e2e]") {
  if (!can_have_hub()) return;
  run_in_own_network(DockerHub::hosts(), [] {
    DockerHub hub;
    Machine machine(Who::root);
    machine.write("base/f", "content\n");
    machine.write("base/Dockerfile", "FROM scratch\nCOPY f /f\n");
    machine.must({"build", "-q", "-t", "localhost/tiny:1", "base"});
    publish(hub, machine, "localhost/tiny:1", "library/tiny:1");
    publish(hub, machine, "localhost/tiny:1", "library/other:1");
    Machine user(Who::root);
    hub.set_quota(1);
    const auto pull = [&](const std::string& name) {
      return user.ibuild({"pull", "--ca-file", hub.ca_file(), name});
    };
    REQUIRE(pull("tiny:1").code == 0);
    CHECK(pull("tiny:1").code == 0);  // nothing new: a HEAD told so

    Machine other(Who::root);
    const auto over = other.ibuild({"pull", "--ca-file", hub.ca_file(), "other:1"});
    CHECK(over.code == 3);
    CHECK_THAT(over.err, Catch::Contains("429") && Catch::Contains("TOOMANYREQUESTS") &&
                             Catch::Contains("limit 100 per 21600 s, left 0") &&
                             Catch::Contains("ibuild login docker.io"));
    // An exhausted quota is not asked again and again.
    CHECK(count_lines(hub.log(), "GET /v2/library/other/manifests/") == 1);
  });
}
