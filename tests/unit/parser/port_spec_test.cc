#include "parser/port_spec.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild::parser;
using Strings = std::vector<std::string>;

TEST_CASE("port_spec: a port is of tcp unless said otherwise", "[parser]") {
  CHECK(parse_port_spec("80").ports == Strings{"80/tcp"});
  CHECK(parse_port_spec("53/udp").ports == Strings{"53/udp"});
  CHECK(parse_port_spec("9/sctp").ports == Strings{"9/sctp"});
  CHECK(parse_port_spec("80/").ports == Strings{"80/tcp"});
}

TEST_CASE("port_spec: a range holds all its ports", "[parser]") {
  CHECK(parse_port_spec("8000-8002/udp").ports == Strings{"8000/udp", "8001/udp", "8002/udp"});
  CHECK(parse_port_spec("7-7").ports == Strings{"7/tcp"});
  CHECK(parse_port_spec("0-65535").ports.size() == 65536);
}

TEST_CASE("port_spec: a range need not be taken apart", "[parser]") {
  const PortRange range = parse_port_range("8000-8002/udp");
  CHECK(range.first == 8000);
  CHECK(range.last == 8002);
  CHECK(range.protocol == "udp");
}

TEST_CASE("port_spec: an unknown protocol gets a suggestion", "[parser]") {
  const auto hint = [](const char* text) {
    try {
      parse_port_spec(text);
    } catch (const ibuild::base::UsageError& error) {
      return error.hint();
    }
    return std::string("known");
  };
  CHECK(hint("80/tpc") == "did you mean tcp?");
  CHECK(hint("80/upd") == "did you mean udp?");
  CHECK(hint("80/http2") == "use tcp, udp, sctp");
}

TEST_CASE("port_spec: capitals are noticed and lowered", "[parser]") {
  CHECK(parse_port_spec("80/TCP").ports == Strings{"80/tcp"});
  CHECK(split_port_word("80/TCP").protocol_has_capitals);
  CHECK_FALSE(split_port_word("80/tcp").protocol_has_capitals);
}

TEST_CASE("port_spec: the host's part is noticed and dropped", "[parser]") {
  for (const char* text : {"8080:80", "127.0.0.1:8080:80", "127.0.0.1::80", "[::1]:8080:80",
                           "::1:8080:80", "8000-8010:80"}) {
    INFO(text);
    CHECK(split_port_word(text).has_host_part);
    CHECK(parse_port_spec(text).ports == Strings{"80/tcp"});
  }
  CHECK_FALSE(split_port_word("80").has_host_part);
}

TEST_CASE("port_spec: other texts are refused", "[parser]") {
  for (const char* text : {"", "x", "/tcp", "80/http", "65536", "9-8", "1-x", "-1", "80 ",
                           "1.2.3:80:80", "x:80", "8000-8001:80-90"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_port_spec(text), ibuild::base::UsageError);
  }
}

TEST_CASE("port_spec: what is refused is in the message", "[parser]") {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"", "invalid port: \"\": no port specified"},
      {"0.0.0.0:1234-1235:/tcp", "invalid port: \"0.0.0.0:1234-1235:/tcp\": no port specified"},
      {"80/http", "invalid port: \"80/http\": invalid proto: http"},
      {"65536/udp", "invalid containerPort: 65536"},
      {"x:80", "invalid hostPort: x"},
      {"localhost:80:80", "invalid IP address: localhost"},
      {"1-3:1-2", "invalid ranges specified for container and host Ports: 1-2 and 1-3"},
  };
  for (const auto& [text, message] : cases) {
    INFO(text);
    CHECK_THROWS_WITH(parse_port_spec(text), Catch::StartsWith(message));
  }
}
