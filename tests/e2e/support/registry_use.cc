#include "tests/e2e/support/registry_use.h"

#include <catch2/catch.hpp>

#include "tests/support/must_run.h"

namespace ibuild::e2e {

bool has_registry() {
  const auto why_not = RegistryServer::why_unavailable();
  return test::can_run("registry", why_not.empty(), why_not);
}

void push_image(Machine& machine, const std::string& name, const std::string& content) {
  machine.write("base/f", content);
  machine.write("base/Dockerfile", "FROM scratch\nCOPY f /f\n");
  machine.must({"build", "-q", "-t", name, "--push", "base"});
}

std::string remote_digest(const Machine& machine, const std::string& name) {
  return line_after(machine.must({"inspect", "--remote", name}), "\"Digest\": \"").substr(0, 71);
}

}  // namespace ibuild::e2e
