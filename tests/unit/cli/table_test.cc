#include "cli/table.h"

#include <catch2/catch.hpp>

#include "base/clock.h"

using namespace ibuild;

namespace {

std::string ago(std::chrono::seconds seconds) {
  return cli::time_ago(base::format_rfc3339(base::Clock{}.now() - seconds));
}

}  // namespace

TEST_CASE("table: columns are as wide as their widest cell", "[cli]") {
  cli::Table table({"A", "LONG"});
  table.add({"wider", "x"});
  table.add({"ü", "y"});
  CHECK(table.str() == "A       LONG\nwider   x\nü       y\n");
}

TEST_CASE("table: times are told for people", "[cli]") {
  using namespace std::chrono_literals;
  CHECK(ago(5s) == "less than a minute ago");
  CHECK(ago(61s) == "1 minute ago");
  CHECK(ago(3h) == "3 hours ago");
  CHECK(ago(24h * 15) == "2 weeks ago");
  CHECK(ago(24h * 800) == "2 years ago");
  CHECK(cli::time_ago("") == "-");
  CHECK(cli::time_ago("yesterday") == "-");
  CHECK(cli::time_ago("2999-01-01T00:00:00Z") == "2999-01-01T00:00:00Z");
}
