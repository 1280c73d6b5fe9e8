#include "cli/ulimit.h"

#include <sys/resource.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "sandbox/rlimit_names.h"

namespace ibuild::cli {

namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw base::UsageError("--ulimit " + base::printable(text) + ": " + why);
}

int resource_of(std::string_view name, std::string_view whole) {
  std::vector<std::string> known;
  for (const auto& each : sandbox::rlimit_names()) {
    if (each.text == name) return each.resource;
    known.emplace_back(each.text);
  }
  const auto near = base::nearest_word(name, known);
  refuse(whole, "there is no limit of this name" + (near ? "; did you mean " + *near + "?" : ""));
}

std::optional<std::uint64_t> parse_limit(std::string_view text) {
  if (text == "-1") return RLIM_INFINITY;
  return base::parse_u64(text);
}

}  // namespace

sandbox::Rlimit parse_ulimit(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) refuse(text, "write NAME=SOFT[:HARD]");
  const int resource = resource_of(text.substr(0, equals), text);
  const auto values = text.substr(equals + 1);
  const auto colon = values.find(':');
  const auto soft = parse_limit(values.substr(0, colon));
  const auto hard = colon == std::string_view::npos ? soft : parse_limit(values.substr(colon + 1));
  if (!soft || !hard) refuse(text, "the limits must be numbers, or -1 for unlimited");
  if (*soft > *hard) refuse(text, "the soft limit is above the hard one");
  return {.resource = resource, .soft = *soft, .hard = *hard};
}

}  // namespace ibuild::cli
