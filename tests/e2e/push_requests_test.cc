// What a push costs whose image is there already: counted, not timed.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/support/fault_proxy.h"

using namespace ibuild;
using namespace ibuild::e2e;
using test::Exchange;
using test::Fault;
using test::FaultProxy;

namespace {

/// Of the image: five layers and the config.
constexpr std::size_t kBlobs = 6;

/// Builds an image of as many blobs.
void build_image(Machine& machine, const std::string& name) {
  std::string dockerfile = "FROM scratch\n";
  for (std::size_t i = 1; i < kBlobs; ++i) {
    const auto file = "f" + std::to_string(i);
    machine.write("context/" + file, file);
    dockerfile += "COPY " + file + " /\n";
  }
  REQUIRE(machine.build(name, dockerfile).code == 0);
}

bool is_about_blob(const std::string& line) { return line.find("/blobs/") != std::string::npos; }

/// How many requests there were about each blob.
std::map<std::string, std::size_t> count_by_blob(const std::vector<std::string>& lines) {
  std::map<std::string, std::size_t> counts;
  for (const auto& line : lines) {
    if (is_about_blob(line)) ++counts[line.substr(line.rfind('/'))];
  }
  return counts;
}

/// Holds requests back until so many of them are there.
class Gathering {
 public:
  explicit Gathering(std::size_t wanted) : wanted_(wanted) {}

  /// Gives up after a while: then the others did not come side by side.
  void wait() {
    std::unique_lock lock(mutex_);
    ++here_;
    changed_.notify_all();
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return here_ >= wanted_; }))
      complete_ = false;
  }
  bool complete() {
    const std::scoped_lock lock(mutex_);
    return complete_ && here_ >= wanted_;
  }

 private:
  const std::size_t wanted_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t here_ = 0;
  bool complete_ = true;
};

}  // namespace

TEST_CASE("push requests: what is there costs one HEAD each, side by side", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  build_image(machine, "localhost/app:1");
  machine.must({"push", "-q", "localhost/app:1", server.host() + "/app:1"});

  Gathering gathering(kBlobs);
  FaultProxy proxy(server.port());
  proxy.begin([&](std::size_t, const std::string& line) {
    if (!is_about_blob(line)) return Fault{};
    return Fault([&](Exchange& exchange) {
      gathering.wait();
      exchange.answer(exchange.forward());
    });
  });
  machine.must({"push", "-q", "localhost/app:1", proxy.host() + "/app:2"});
  CHECK(gathering.complete());
  const auto seen = proxy.seen();
  CHECK(seen.size() == kBlobs + 2);
  CHECK(std::ranges::count(seen, "HEAD /v2/app/manifests/2") == 1);
  CHECK(std::ranges::count_if(seen, is_about_blob) == kBlobs);
  CHECK(seen.back() == "PUT /v2/app/manifests/2");

  proxy.begin();
  machine.must({"push", "-q", "localhost/app:1", proxy.host() + "/app:2"});
  const auto again = proxy.seen();
  CHECK(again.size() == kBlobs + 1);
  CHECK(std::ranges::all_of(again, [](const auto& line) { return line.starts_with("HEAD "); }));
}

TEST_CASE("push requests: a registry that lost a layer gets it again", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  build_image(machine, "localhost/app:1");
  const auto name = server.host() + "/app:1";
  machine.must({"push", "-q", "localhost/app:1", name});
  const auto digest = machine.must({"inspect", "--remote", "--raw", name});
  const auto layers = digest.find("\"layers\"");
  REQUIRE(layers != std::string::npos);
  const auto hex = digest.substr(digest.find("sha256:", layers) + 7, 64);
  const auto file = server.storage_dir() + "/docker/registry/v2/blobs/sha256/" + hex.substr(0, 2) +
                    "/" + hex + "/data";
  REQUIRE(::unlink(file.c_str()) == 0);
  REQUIRE(machine.ibuild({"pull", "--root", machine.path("other"), name}).code != 0);
  machine.must({"push", "-q", "localhost/app:1", name});
  machine.must({"pull", "--root", machine.path("other"), name});
}

TEST_CASE("push requests: at most two a blob where the registry wants to know who asks", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server({.access = test::RegistryServerOptions::Access::basic_auth});
  FaultProxy proxy(server.port());
  Machine machine;
  build_image(machine, "localhost/app:1");
  for (const auto& host : {server.host(), proxy.host()}) {
    machine.must({"login", "-u", RegistryServer::username(), "--password-stdin", host},
                 {.stdin_text = RegistryServer::password()});
  }
  machine.must({"push", "-q", "localhost/app:1", server.host() + "/app:1"});
  proxy.begin();
  machine.must({"push", "-q", "localhost/app:1", proxy.host() + "/app:2"});
  const auto counts = count_by_blob(proxy.seen());
  CHECK(counts.size() == kBlobs);
  for (const auto& [blob, count] : counts) {
    INFO(blob);
    CHECK(count <= 2);
  }
}

TEST_CASE("push requests: a build that changes nothing asks and sends nothing", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  FaultProxy proxy(server.port());
  Machine machine;
  const auto name = proxy.host() + "/app:1";
  for (int i = 0; i < 2; ++i) {
    proxy.begin();
    machine.write("context/f", "content\n");
    REQUIRE(machine.build(name, "FROM scratch\nCOPY f /f\n", {"--push"}).code == 0);
  }
  auto seen = proxy.seen();
  CHECK(seen.size() == 3);  // about the manifest, the layer and the config
  CHECK(std::ranges::all_of(seen, [](const auto& line) { return line.starts_with("HEAD "); }));
}
