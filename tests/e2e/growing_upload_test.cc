// A layer that goes to the registry while it is made.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/support/fault_proxy.h"

using namespace ibuild;
using namespace ibuild::e2e;
using test::Exchange;
using test::Fault;
using test::FaultProxy;

namespace {

constexpr std::size_t kFileBytes = 40 << 20;

/// Bytes that no compression makes less of.
std::string random_bytes(std::size_t count) {
  std::mt19937_64 random(1);
  std::string bytes;
  while (bytes.size() < count) {
    const auto number = random();
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  return bytes;
}

struct Growing {
  Growing() { machine.write("context/large", random_bytes(kFileBytes)); }
  Output build(const std::string& name) {
    auto built = machine.build(name, "FROM scratch\nCOPY large /\n", {"--push", "--no-cache"});
    INFO(built.err);
    REQUIRE(built.code == 0);
    return built;
  }
  /// Pulls the image into another store, which checks every byte.
  void check_pull(const std::string& name) {
    const Machine other;
    other.must({"pull", name});
    CHECK(other.must({"images", "-q", name}) == machine.must({"images", "-q", name}));
  }

  RegistryServer server;
  FaultProxy proxy{server.port()};
  Machine machine;
};

std::size_t count_lines(const std::vector<std::string>& lines, const std::string& begin) {
  return static_cast<std::size_t>(std::ranges::count_if(
      lines, [&](const std::string& line) { return line.starts_with(begin); }));
}

bool was_sent_early(const Output& built) {
  return built.err.find("sent while steps ran: sha256:") != std::string::npos;
}

}  // namespace

TEST_CASE("growing upload: a new repository gets the layer while it is compressed", "[e2e]") {
  if (!has_registry()) return;
  Growing f;
  const auto name = f.proxy.host() + "/team/app:1";
  CHECK(was_sent_early(f.build(name)));
  CHECK(count_lines(f.proxy.seen(), "PATCH ") >= 2);
  f.check_pull(name);

  // Now that it has a tag it may have the layer, and it has.
  f.proxy.begin();
  CHECK_FALSE(was_sent_early(f.build(f.proxy.host() + "/team/app:2")));
  CHECK(count_lines(f.proxy.seen(), "PATCH ") == 0);
  CHECK(count_lines(f.proxy.seen(), "POST ") <= 1);  // the config may have another time
}

TEST_CASE("growing upload: a connection that breaks loses nothing", "[e2e]") {
  if (!has_registry()) return;
  Growing f;
  const auto name = f.proxy.host() + "/team/app:1";
  f.proxy.begin([broken = false](std::size_t, const std::string& line) mutable -> Fault {
    if (!line.starts_with("PATCH ") || std::exchange(broken, true)) return {};
    return [](Exchange& exchange) {
      exchange.forward_part(1 << 20);
      exchange.client().reset();
    };
  });
  f.build(name);
  f.check_pull(name);
}

TEST_CASE("growing upload: a registry that takes no pieces gets the layer in one", "[e2e]") {
  if (!has_registry()) return;
  Growing f;
  const auto name = f.proxy.host() + "/team/app:1";
  f.proxy.begin([](std::size_t, const std::string& line) -> Fault {
    if (!line.starts_with("PATCH ")) return {};
    return [](Exchange& exchange) {
      exchange.swallow();
      exchange.answer({"HTTP/1.1 405 Method Not Allowed", "Content-Length: 0\r\n", ""});
    };
  });
  CHECK_FALSE(was_sent_early(f.build(name)));
  CHECK(count_lines(f.proxy.seen(), "DELETE ") == 1);  // what was begun is taken back
  f.check_pull(name);
}
