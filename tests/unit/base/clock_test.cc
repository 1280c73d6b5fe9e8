#include "base/clock.h"

#include <catch2/catch.hpp>

using namespace ibuild::base;
using namespace std::chrono;

namespace {

TimePoint at(std::int64_t second, std::int64_t nanosecond = 0) {
  return TimePoint(seconds(second)) + nanoseconds(nanosecond);
}

}  // namespace

TEST_CASE("clock: a fixed clock stands still", "[base]") {
  const Clock clock(sys_seconds(seconds(1'700'000'000)));
  CHECK(clock.is_fixed());
  CHECK(clock.now() == at(1'700'000'000));
  CHECK(clock.now() == clock.now());
}

TEST_CASE("clock: a free clock is the system's", "[base]") {
  const Clock clock;
  CHECK_FALSE(clock.is_fixed());
  const auto before = system_clock::now();
  const auto now = clock.now();
  const auto after = system_clock::now();
  CHECK(before <= now);
  CHECK(now <= after);
}

TEST_CASE("clock: a fixed time beyond what nanoseconds can count is the last one that fits",
          "[base]") {
  const Clock clock(sys_seconds(seconds(9'000'000'000'000'000)));
  CHECK(format_rfc3339(clock.now()).starts_with("2262-"));
  const Clock past(sys_seconds(seconds(-9'000'000'000'000'000)));
  CHECK(format_rfc3339(past.now()).starts_with("1677-"));
}

TEST_CASE("clock: RFC 3339 has as many fraction digits as needed", "[base]") {
  CHECK(format_rfc3339(at(0)) == "1970-01-01T00:00:00Z");
  CHECK(format_rfc3339(at(1'767'323'045, 500'000'000)) == "2026-01-02T03:04:05.5Z");
  CHECK(format_rfc3339(at(1'767'323'045, 1)) == "2026-01-02T03:04:05.000000001Z");
  CHECK(format_rfc3339(at(-1)) == "1969-12-31T23:59:59Z");
  CHECK(format_rfc3339(at(-1, 250'000'000)) == "1969-12-31T23:59:59.25Z");
}

TEST_CASE("clock: the first and the last time can be formatted", "[base]") {
  CHECK(format_rfc3339(TimePoint::min()) == "1677-09-21T00:12:43.145224192Z");
  CHECK(format_rfc3339(TimePoint::max()) == "2262-04-11T23:47:16.854775807Z");
}

TEST_CASE("clock: RFC 3339 is read with fraction and offset", "[base]") {
  CHECK(parse_rfc3339("2026-01-02T03:04:05Z") == at(1'767'323'045));
  CHECK(parse_rfc3339("2026-01-02T03:04:05.5Z") == at(1'767'323'045, 500'000'000));
  CHECK(parse_rfc3339("2026-01-02T05:04:05+02:00") == at(1'767'323'045));
  CHECK(parse_rfc3339("2026-01-01T21:34:05-05:30") == at(1'767'323'045));
  CHECK(parse_rfc3339("2026-01-02T03:04:05.1234567891Z") == at(1'767'323'045, 123'456'789));
  CHECK(parse_rfc3339("2024-02-29T00:00:00Z").has_value());
}

TEST_CASE("clock: what is formatted reads back", "[base]") {
  const auto time = GENERATE(at(0), at(-86'400'000, 7), at(951'782'400, 120), at(4'102'444'800));
  CHECK(parse_rfc3339(format_rfc3339(time)) == time);
}

TEST_CASE("clock: times outside the range become the nearest", "[base]") {
  const auto zero = parse_rfc3339("0001-01-01T00:00:00Z");  // Go's zero time, often seen in images
  REQUIRE(zero);
  CHECK(format_rfc3339(*zero).starts_with("1677-"));
  CHECK(parse_rfc3339("9999-12-31T23:59:59.999Z").has_value());
}

TEST_CASE("clock: what is no RFC 3339 time is refused", "[base]") {
  const auto text = GENERATE(
      "", "2026-01-02", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z",
      "2026-02-30T03:04:05Z", "2025-02-29T03:04:05Z", "2026-01-02T24:04:05Z",
      "2026-01-02T03:60:05Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z",
      "2026-01-02T03:04:05+0200", "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05Zx",
      "26-01-02T03:04:05Z", "2026-1-2T03:04:05Z", "-026-01-02T03:04:05Z", "2026-00-02T03:04:05Z");
  CHECK(parse_rfc3339(text) == std::nullopt);
}

TEST_CASE("clock: HTTP dates", "[base]") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == at(784'111'777));
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == at(784'111'777));
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 UTC") == at(784'111'777));
  CHECK(parse_http_date("Tuesday, 14-Nov-23 22:16:41 GMT") == at(1'700'000'201));
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == at(784'111'777));
  CHECK(parse_http_date("Tue Nov 14 22:16:41 2023") == at(1'700'000'201));
  const auto bad =
      GENERATE("", "Sun, 06 Nov 1994 08:49:37", "Sun 06 Nov 1994 08:49:37 GMT",
               "Xxx, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nox 1994 08:49:37 GMT",
               "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
               "Sun, 06 Nov 1994 08:49:37 GMT ", "784111777", "Sun, 06-Nov-94 08:49:37 GMT",
               "Sunday, 06-Nov-94 08:49:37 CET", "Sunday, 06-Nov-1994 08:49:37 GMT",
               "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT");
  CHECK(parse_http_date(bad) == std::nullopt);
}
