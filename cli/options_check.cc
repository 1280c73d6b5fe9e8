#include "cli/options_check.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/csv.h"

namespace ibuild::cli {

namespace {

constexpr std::array<std::pair<std::string_view, CallKind>, 6> kKinds = {{
    {"build", CallKind::build},
    {"check", CallKind::check},
    {"lint", CallKind::check},
    {"outline", CallKind::outline},
    {"targets", CallKind::targets},
    {"subrequests.describe", CallKind::describe},
}};

CallKind parse_kind(const std::string& text) {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kKinds) {
    if (name == text) return kind;
    names.emplace_back(name);
  }
  base::UsageError error("--call=" + base::printable(text) + " is not known");
  const auto near = base::nearest_word(text, names);
  error.set_hint(near ? "did you mean " + *near + "?" : "use build, check, outline or targets");
  throw error;
}

CallFormat parse_format(const std::string& text) {
  if (text == "text") return CallFormat::text;
  if (text == "json") return CallFormat::json;
  throw base::UsageError("--call: format=" + base::printable(text) +
                         " is not known: use text or json");
}

bool parse_bool(const std::string& text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  throw base::UsageError("--call: ignorestatus=" + base::printable(text) +
                         " is neither true nor false");
}

void apply_attribute(CallSpec& spec, const std::string& field) {
  const auto equals = field.find('=');
  const std::string key = field.substr(0, equals);
  if (equals == std::string::npos) {
    spec.kind = parse_kind(field);
  } else if (key == "format") {
    spec.format = parse_format(field.substr(equals + 1));
  } else if (key == "ignorestatus") {
    spec.ignores_status = parse_bool(field.substr(equals + 1));
  } else {
    throw base::UsageError("--call: " + base::printable(key) +
                           " is not known: use format or ignorestatus");
  }
}

}  // namespace

CallSpec parse_call(std::string_view text) {
  CallSpec spec;
  if (text.empty()) return spec;
  for (const auto& field : parse_csv(text)) apply_attribute(spec, field);
  return spec;
}

void CallOptions::add_to(OptionParser& parser) {
  parser.value("--call", "KIND[,format=json]", call,
               "build, check, outline or targets: what to tell of the Dockerfile");
  parser.alias("--print", call);  // its name in older releases of buildx
  parser.flag("--check", check, "Short for --call=check: look for mistakes, build nothing");
}

CallSpec CallOptions::spec() const {
  auto result = parse_call(call);
  if (check && result.kind != CallKind::build && result.kind != CallKind::check)
    throw base::UsageError("--check and --call=" + base::printable(call) + " exclude each other");
  if (check) result.kind = CallKind::check;
  return result;
}

}  // namespace ibuild::cli
