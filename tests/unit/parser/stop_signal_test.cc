#include "parser/stop_signal.h"

#include <catch2/catch.hpp>
#include <csignal>

#include "base/error.h"

using ibuild::parser::parse_signal;

TEST_CASE("stop_signal: names have any case and may begin with SIG", "[parser]") {
  CHECK(parse_signal("TERM") == SIGTERM);
  CHECK(parse_signal("sigkill") == SIGKILL);
  CHECK(parse_signal("SigUsr1") == SIGUSR1);
}

TEST_CASE("stop_signal: any number but 0 is one", "[parser]") {
  CHECK(parse_signal("9") == 9);
  CHECK(parse_signal("65") == 65);
  CHECK(parse_signal("-9") == -9);
  CHECK(parse_signal("+09") == 9);
  CHECK(parse_signal("99999999999") == 99'999'999'999);  // as Go's numbers go
}

TEST_CASE("stop_signal: real-time signals count from their ends", "[parser]") {
  CHECK(parse_signal("RTMIN") == 34);
  CHECK(parse_signal("SIGRTMIN+15") == 49);
  CHECK(parse_signal("rtmax-14") == 50);
  CHECK(parse_signal("RTMAX") == 64);
}

TEST_CASE("stop_signal: other texts are refused", "[parser]") {
  for (const char* text : {"", "0", "+", "-", "+-9", "9223372036854775808", "-0", "SIG", "FOO",
                           "RTMIN+16", "RTMAX-15", "RTMIN+01", "RTMIN+", "9 "}) {
    INFO(text);
    CHECK_THROWS_AS(parse_signal(text), ibuild::base::UsageError);
  }
}
