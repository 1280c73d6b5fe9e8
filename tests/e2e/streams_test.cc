#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

/// Runs shell text, in which "$1" is ibuild.
Output run_script(const Machine& machine, const std::string& script) {
  return machine.run({"sh", "-c", script, "sh", binary()});
}

}  // namespace

TEST_CASE("streams: closed ones are no place for files of ibuild's own", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.make_base();
      machine.write("Dockerfile", "FROM localhost/base:1\nRUN echo done > /f\n");
      const std::string build = "\"$1\" build --no-cache -t app:1 -f Dockerfile context ";
      for (const std::string closed : {"<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"}) {
        INFO(closed);
        CHECK(run_script(machine, build + closed).code == 0);
      }
      CHECK(machine.must({"run", "app:1", "cat", "/f"}) == "done");
      CHECK(run_script(machine, "\"$1\" run app:1 cat /f <&- >&-").code == 0);
      CHECK(machine.processes_left().empty());
    }
  }
}
