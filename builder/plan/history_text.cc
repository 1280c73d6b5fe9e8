#include "builder/plan/history_text.h"

#include <fmt/format.h>

#include "base/text.h"

namespace ibuild::builder {
namespace {

/// One unit of a duration below a second, with up to nine digits after the point.
std::string fraction(std::int64_t nanoseconds, std::int64_t unit, std::string_view name) {
  std::string text = std::to_string(nanoseconds / unit);
  if (const auto rest = nanoseconds % unit; rest != 0) {
    std::string digits = std::to_string(rest);
    digits.insert(0, std::to_string(unit).size() - 1 - digits.size(), '0');
    while (digits.ends_with('0')) digits.pop_back();
    text += "." + digits;
  }
  return text + std::string(name);
}

}  // namespace

std::string go_list(std::span<const std::string> words) {
  return "[" + base::join(words, " ") + "]";
}

std::string go_duration(std::chrono::nanoseconds duration) {
  const std::int64_t total = duration.count();
  if (total == 0) return "0s";
  const std::string sign = total < 0 ? "-" : "";
  const std::int64_t nanoseconds = total < 0 ? -total : total;
  constexpr std::int64_t kSecond = 1'000'000'000;
  if (nanoseconds < 1'000) return sign + std::to_string(nanoseconds) + "ns";
  if (nanoseconds < 1'000'000) return sign + fraction(nanoseconds, 1'000, "µs");
  if (nanoseconds < kSecond) return sign + fraction(nanoseconds, 1'000'000, "ms");
  const std::int64_t minutes = nanoseconds / (60 * kSecond);
  std::string text = fraction(nanoseconds % (60 * kSecond), kSecond, "s");
  if (minutes > 0) text = std::to_string(minutes % 60) + "m" + text;
  if (minutes >= 60) text = std::to_string(minutes / 60) + "h" + text;
  return sign + text;
}

std::string go_healthcheck(const image::Healthcheck& check) {
  return fmt::format(
      "{{Test:{} Interval:{} Timeout:{} StartPeriod:{} StartInterval:{} Retries:{}}}",
      go_list(check.test), go_duration(check.interval), go_duration(check.timeout),
      go_duration(check.start_period), go_duration(check.start_interval), check.retries);
}

std::string run_history(std::span<const std::string> argv, DeclaredArgs& args, const EnvList& env) {
  std::string text = "RUN ";
  if (args.names().size() > 0)
    text += "|" + std::to_string(args.names().size()) + " " + args.text(env);
  return text + base::join(argv, " ") + " # buildkit";
}

std::string summarize_heredoc(std::string_view content) {
  content = base::trim(content);
  const auto end = content.find('\n');
  if (end == std::string_view::npos) return std::string(content);
  auto first = content.substr(0, end);
  if (first.ends_with('\r')) first.remove_suffix(1);
  return std::string(first) + "...";
}

}  // namespace ibuild::builder
