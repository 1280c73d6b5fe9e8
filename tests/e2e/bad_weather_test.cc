// How the program ends when a registry fails for good; tests/faults has all the faults.
#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/support/fault_proxy.h"

using namespace ibuild;
using namespace ibuild::e2e;
using test::Exchange;
using test::FaultProxy;
using test::WireAnswer;

namespace {

void answer_oops(Exchange& exchange) {
  exchange.swallow();
  exchange.answer(
      {.status_line = "HTTP/1.1 403 No", .fields = "Content-Length: 0\r\n", .body = {}});
}

void spoil_blob(Exchange& exchange) {
  WireAnswer answer = exchange.forward();
  if (!answer.body.empty() && exchange.line().find("/blobs/") != std::string::npos)
    answer.body.back() = static_cast<char>(answer.body.back() ^ 1);
  exchange.answer(answer);
}

}  // namespace

TEST_CASE("bad weather: exit codes, one message, and a store that is whole", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  machine.write("context/f", "content\n");
  REQUIRE(machine.build(server.host() + "/app:1", "FROM scratch\nCOPY f /f\n", {"--push"}).code ==
          0);
  FaultProxy proxy(server.port());
  const auto name = proxy.host() + "/app:1";
  Machine visitor(machine.who());

  proxy.begin([](std::size_t, const std::string&) { return answer_oops; });
  const auto refused = visitor.ibuild({"pull", name});
  CHECK(refused.code == 3);
  CHECK(count("\n" + refused.err, "\nERROR: ") == 1);
  CHECK_THAT(refused.err, Catch::Contains("403"));
  CHECK(visitor.ibuild({"copy", name, server.host() + "/copy:1"}).code == 3);
  CHECK(machine.ibuild({"push", server.host() + "/app:1", proxy.host() + "/other:1"}).code == 3);

  proxy.begin([](std::size_t, const std::string&) { return spoil_blob; });
  const auto spoiled = visitor.ibuild({"pull", name});
  CHECK(spoiled.code == 1);
  CHECK(count("\n" + spoiled.err, "\nERROR: ") == 1);
  CHECK_THAT(spoiled.err, Catch::Contains("sha256:"));
  CHECK(visitor.must({"images", "-q"}).empty());

  proxy.begin();
  visitor.must({"pull", name});
}
