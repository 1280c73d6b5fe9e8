#include "base/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace ibuild::base {

namespace {

using std::chrono::days;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

/// Whole seconds as a TimePoint; what does not fit becomes the nearest time that does.
TimePoint saturate(sys_seconds time, nanoseconds fraction = {}) {
  const auto earliest = std::chrono::ceil<seconds>(TimePoint::min());
  const auto latest = std::chrono::floor<seconds>(TimePoint::max()) - seconds(1);
  if (time < earliest) return TimePoint(earliest.time_since_epoch());
  if (time > latest) return TimePoint(latest.time_since_epoch());
  return TimePoint(time.time_since_epoch()) + fraction;
}

/// Takes a fixed-width piece off the front of a text, remembering failure.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  int number(std::size_t width) {
    int value = 0;
    if (text_.size() < width) return fail();
    for (char c : text_.substr(0, width)) {
      if (c < '0' || c > '9') return fail();
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(width);
    return value;
  }
  bool accept(std::string_view choices) {
    if (text_.empty() || choices.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(std::string_view word) {
    if (!text_.starts_with(word)) {
      fail();
      return;
    }
    text_.remove_prefix(word.size());
  }
  /// The position of the next word in `words`.
  template <std::size_t N>
  int one_of(const std::array<std::string_view, N>& words) {
    for (std::size_t i = 0; i < N; ++i) {
      if (!text_.starts_with(words[i])) continue;
      text_.remove_prefix(words[i].size());
      return static_cast<int>(i);
    }
    return fail();
  }
  /// Digits after the decimal point; those beyond nanoseconds are dropped.
  nanoseconds fraction() {
    std::int64_t value = 0;
    std::int64_t unit = 100'000'000;
    if (text_.empty() || text_.front() < '0' || text_.front() > '9') fail();
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      value += unit * (text_.front() - '0');
      unit /= 10;
      text_.remove_prefix(1);
    }
    return nanoseconds(value);
  }
  bool finished() const { return ok_ && text_.empty(); }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }
  std::string_view text_;
  bool ok_ = true;
};

struct CivilTime {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

  std::optional<sys_seconds> to_sys() const {
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    // 60 is a leap second; it counts as the first of the next minute.
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    return sys_seconds(sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           seconds(second);
  }
};

constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> kLongDays = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void read_time_of_day(Scanner& scan, CivilTime& civil) {
  civil.hour = scan.number(2);
  scan.expect(":");
  civil.minute = scan.number(2);
  scan.expect(":");
  civil.second = scan.number(2);
}

/// Sun, 06 Nov 1994 08:49:37 GMT
CivilTime read_imf_fixdate(Scanner& scan) {
  CivilTime civil;
  scan.one_of(kDays);
  scan.expect(", ");
  civil.day = scan.number(2);
  scan.expect(" ");
  civil.month = scan.one_of(kMonths) + 1;
  scan.expect(" ");
  civil.year = scan.number(4);
  scan.expect(" ");
  read_time_of_day(scan, civil);
  scan.expect(" GMT");
  return civil;
}

/// Sunday, 06-Nov-94 08:49:37 GMT, or UTC, as servers in Go have it
CivilTime read_rfc850_date(Scanner& scan) {
  constexpr std::array<std::string_view, 2> kZones = {" GMT", " UTC"};
  constexpr int kFirstYear = 69;  // of the last century; earlier ones are of this
  CivilTime civil;
  scan.one_of(kLongDays);
  scan.expect(", ");
  civil.day = scan.number(2);
  scan.expect("-");
  civil.month = scan.one_of(kMonths) + 1;
  scan.expect("-");
  const int year = scan.number(2);
  civil.year = year + (year < kFirstYear ? 2000 : 1900);
  scan.expect(" ");
  read_time_of_day(scan, civil);
  scan.one_of(kZones);
  return civil;
}

/// Sun Nov  6 08:49:37 1994
CivilTime read_asctime_date(Scanner& scan) {
  CivilTime civil;
  scan.one_of(kDays);
  scan.expect(" ");
  civil.month = scan.one_of(kMonths) + 1;
  scan.expect(" ");
  civil.day = scan.number(scan.accept(" ") ? 1 : 2);
  scan.expect(" ");
  read_time_of_day(scan, civil);
  scan.expect(" ");
  civil.year = scan.number(4);
  return civil;
}

}  // namespace

TimePoint Clock::now() const {
  if (fixed_) return saturate(*fixed_);
  return std::chrono::time_point_cast<nanoseconds>(std::chrono::system_clock::now());
}

std::string format_rfc3339(TimePoint time) {
  // Split by hand: the earliest times have no whole second before them that nanoseconds could
  // count.
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t count = time.time_since_epoch().count();
  const std::int64_t fraction = (count % kSecond + kSecond) % kSecond;
  const sys_seconds whole{seconds(count / kSecond - (count % kSecond < 0 ? 1 : 0))};
  const auto day = std::chrono::floor<days>(whole);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<seconds> clock(whole - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (fraction != 0) {
    text += fmt::format(".{:09}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

std::optional<TimePoint> parse_rfc3339(std::string_view text) {
  Scanner scan(text);
  CivilTime civil;
  civil.year = scan.number(4);
  scan.expect("-");
  civil.month = scan.number(2);
  scan.expect("-");
  civil.day = scan.number(2);
  if (!scan.accept("Tt")) return std::nullopt;
  civil.hour = scan.number(2);
  scan.expect(":");
  civil.minute = scan.number(2);
  scan.expect(":");
  civil.second = scan.number(2);
  nanoseconds fraction{0};
  if (scan.accept(".")) fraction = scan.fraction();
  seconds offset{0};
  if (!scan.accept("Zz")) {
    const int sign = scan.accept("-") ? -1 : 1;
    if (sign == 1) scan.expect("+");
    const int hours = scan.number(2);
    scan.expect(":");
    const int minutes = scan.number(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset = sign * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
  }
  const auto time = civil.to_sys();
  if (!scan.finished() || !time) return std::nullopt;
  return saturate(*time - offset, fraction);
}

std::optional<TimePoint> parse_http_date(std::string_view text) {
  for (const auto read : {&read_imf_fixdate, &read_rfc850_date, &read_asctime_date}) {
    Scanner scan(text);
    const auto time = read(scan).to_sys();
    if (scan.finished() && time) return saturate(*time);
  }
  return std::nullopt;
}

}  // namespace ibuild::base
