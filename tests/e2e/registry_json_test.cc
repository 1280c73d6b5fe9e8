// What commands on registries tell programs; the keys are an interface.
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"

using namespace ibuild;
using namespace ibuild::e2e;
using Json = nlohmann::ordered_json;

namespace {

Json answer(const Machine& machine, std::vector<std::string> words,
            const RunOptions& options = {}) {
  words.insert(words.begin() + 1, {"--format", "json"});
  const auto text = machine.must(std::move(words), options);
  CHECK(count(text, "\n") == 0);
  return Json::parse(text);
}

std::vector<std::string> keys_of(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  return keys;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("registry json: pull, push, copy, ls, rm", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  const auto name = server.host() + "/app:1";
  push_image(machine, name, "one\n");
  const auto digest = remote_digest(machine, name);

  const auto pulled = answer(Machine(machine.who()), {"pull", "-q", name});
  CHECK(keys_of(pulled) ==
        Keys{"Name", "Digest", "MediaType", "Size", "Platforms", "FetchedBlobs"});
  CHECK(pulled.at("Name") == name);
  CHECK(pulled.at("Digest") == digest);
  CHECK(pulled.at("FetchedBlobs") == 1);
  CHECK(pulled.at("Platforms").size() == 1);

  const auto pushed = answer(machine, {"push", "-q", name, server.host() + "/other:2"});
  CHECK(keys_of(pushed) == Keys{"Name", "Digest", "MediaType", "Size"});
  CHECK(pushed.at("Name") == server.host() + "/other:2");
  const auto two = machine.must({"push", "-q", "--format", "json", name, name, name});
  CHECK(count(two, "\n") == 1);

  const auto copied = answer(machine, {"copy", "-q", name, server.host() + "/copy:3"});
  CHECK(keys_of(copied) == Keys{"Name", "Digest", "MediaType", "Size", "Source", "Blobs"});
  CHECK(copied.at("Digest") == digest);
  CHECK(copied.at("Source") == name);
  CHECK(copied.at("Blobs") == Json{{"Sent", 0}, {"Mounted", 2}, {"ThereAlready", 0}});

  CHECK(answer(machine, {"ls", server.host() + "/app"}) ==
        Json{{"Name", server.host() + "/app"}, {"Tags", {"1"}}});
  machine.must({"push", "-q", name, server.host() + "/team/other:1"});
  CHECK(answer(machine, {"ls", "--catalog", server.host()}) ==
        Json{{"Name", server.host()}, {"Repositories", {"app", "copy", "other", "team/other"}}});
  CHECK(machine.ibuild({"ls", "--catalog", server.host() + "/app"}).code == 2);
  CHECK(answer(machine, {"rm", "--force", name}) ==
        Json{{"Deleted", server.host() + "/app@" + digest}});

  for (const std::string command : {"pull", "push", "rm"}) {
    CHECK(machine.ibuild({command, "--format", "xml", name}).code == 2);
  }
}

TEST_CASE("registry json: login and logout", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server({.access = test::RegistryServerOptions::Access::basic_auth});
  Machine machine;
  const auto user = RegistryServer::username();
  const auto in = answer(machine, {"login", "-u", user, "--password-stdin", server.host()},
                         {.stdin_text = RegistryServer::password()});
  CHECK(in == Json{{"Registry", server.host()},
                   {"Username", user},
                   {"File", machine.path("docker/config.json")}});
  CHECK(answer(machine, {"logout", server.host()}) ==
        Json{{"Registry", server.host()}, {"Removed", true}});
  CHECK(answer(machine, {"logout", server.host()}).at("Removed") == false);
}
