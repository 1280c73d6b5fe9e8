#include "parser/stop_signal.h"

#include <array>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::parser {

namespace {

struct NamedSignal {
  std::string_view name;
  int number;
};

constexpr std::array<NamedSignal, 36> kSignals = {{
    {"abrt", SIGABRT}, {"alrm", SIGALRM}, {"bus", SIGBUS},       {"chld", SIGCHLD},
    {"cld", SIGCHLD},  {"cont", SIGCONT}, {"fpe", SIGFPE},       {"hup", SIGHUP},
    {"ill", SIGILL},   {"int", SIGINT},   {"io", SIGIO},         {"iot", SIGIOT},
    {"kill", SIGKILL}, {"pipe", SIGPIPE}, {"poll", SIGPOLL},     {"prof", SIGPROF},
    {"pwr", SIGPWR},   {"quit", SIGQUIT}, {"segv", SIGSEGV},     {"stkflt", SIGSTKFLT},
    {"stop", SIGSTOP}, {"sys", SIGSYS},   {"term", SIGTERM},     {"trap", SIGTRAP},
    {"tstp", SIGTSTP}, {"ttin", SIGTTIN}, {"ttou", SIGTTOU},     {"urg", SIGURG},
    {"usr1", SIGUSR1}, {"usr2", SIGUSR2}, {"vtalrm", SIGVTALRM}, {"winch", SIGWINCH},
    {"xcpu", SIGXCPU}, {"xfsz", SIGXFSZ}, {"rtmin", 34},         {"rtmax", 64},
}};

/// A sign may stand before the digits, as for Go's strconv.Atoi.
std::optional<std::int64_t> parse_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// "rtmin+3" and "rtmax-3", as far as the other end lies 15 or 14 away.
std::optional<int> parse_real_time(std::string_view name) {
  const bool is_min = name.starts_with("rtmin+");
  if (!is_min && !name.starts_with("rtmax-")) return std::nullopt;
  const auto offset = base::parse_u64(name.substr(6));
  if (!offset || *offset == 0 || *offset > (is_min ? 15 : 14) || name[6] == '0')
    return std::nullopt;
  return is_min ? 34 + static_cast<int>(*offset) : 64 - static_cast<int>(*offset);
}

std::optional<std::string> nearest_signal(std::string_view name) {
  std::vector<std::string> names;
  for (const NamedSignal& signal : kSignals) names.emplace_back(signal.name);
  auto near = base::nearest_word(name, names);
  if (!near) return std::nullopt;
  for (char& c : *near) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return "SIG" + *near;
}

}  // namespace

std::int64_t parse_signal(std::string_view text) {
  if (const auto number = parse_number(text); number && *number != 0) return *number;
  const std::string lower = base::to_lower(text);
  const std::string_view name = std::string_view(lower).substr(lower.starts_with("sig") ? 3 : 0);
  for (const NamedSignal& signal : kSignals) {
    if (signal.name == name) return signal.number;
  }
  if (const auto real_time = parse_real_time(name)) return *real_time;
  base::UsageError error("invalid signal: " + base::printable(text));
  if (const auto near = nearest_signal(name)) error.set_hint("did you mean " + *near + "?");
  throw error;
}

}  // namespace ibuild::parser
