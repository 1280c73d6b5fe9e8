#include "cli/options_check.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild;
using namespace ibuild::cli;

TEST_CASE("call option: kinds and formats", "[cli]") {
  CHECK(parse_call("").kind == CallKind::build);
  CHECK(parse_call("build").kind == CallKind::build);
  CHECK(parse_call("check").kind == CallKind::check);
  CHECK(parse_call("lint").kind == CallKind::check);
  CHECK(parse_call("targets,format=json").format == CallFormat::json);
  CHECK(parse_call("format=json,outline").kind == CallKind::outline);
  CHECK(parse_call("check,ignorestatus=true").ignores_status);
}

TEST_CASE("call option: what is not known is refused by name", "[cli]") {
  CHECK_THROWS_WITH(parse_call("format=xml"), "--call: format=xml is not known: use text or json");
  CHECK_THROWS_WITH(parse_call("check,colour=1"),
                    "--call: colour is not known: use format or ignorestatus");
  try {
    parse_call("chek");
    FAIL("no error");
  } catch (const base::UsageError& error) {
    CHECK(error.hint() == "did you mean check?");
  }
}

TEST_CASE("call option: --check is --call=check", "[cli]") {
  CHECK(CallOptions{.call = "", .check = true}.spec().kind == CallKind::check);
  const CallSpec json = CallOptions{.call = "check,format=json", .check = true}.spec();
  CHECK(json.kind == CallKind::check);
  CHECK(json.format == CallFormat::json);
  CHECK_THROWS_AS((CallOptions{.call = "outline", .check = true}.spec()), base::UsageError);
}
