#include "cli/commands/doctor_command.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/option_parser.h"
#include "cli/options_store.h"
#include "cli/table.h"
#include "sandbox/emulation.h"
#include "sandbox/machine.h"
#include "sandbox/user_namespace.h"

namespace ibuild::cli {

namespace {

/// One row on a platform that images are made for.
struct PlatformRow {
  std::string platform;
  bool runs = false;
  std::string how;  // or why not
};

constexpr const char* kDefaultNetwork = "host";

struct Report {
  std::string store;
  std::vector<sandbox::ProfileProbe> profiles;
  sandbox::ProfileProbe private_network;
  std::vector<PlatformRow> platforms;
};

PlatformRow platform_row(const std::string& architecture, const std::string& why_no_own) {
  using Way = sandbox::Emulation::Way;
  const auto emulation = sandbox::find_emulation(architecture);
  PlatformRow row{.platform = "linux/" + architecture, .runs = true, .how = {}};
  switch (emulation.way) {
    case Way::native:
      row.how = "natively";
      break;
    case Way::registered:
      row.how = "by " + emulation.emulator + ", which this machine has registered";
      break;
    case Way::own:
      row.runs = why_no_own.empty();
      row.how =
          row.runs ? "by " + emulation.emulator + ", registered for the step alone" : why_no_own;
      break;
    case Way::none:
      row.runs = false;
      row.how = emulation.why_not + (emulation.hint.empty() ? "" : "; " + emulation.hint);
  }
  return row;
}

std::vector<PlatformRow> platform_rows() {
  const auto why_no_own = sandbox::why_no_own_emulation();
  std::vector<PlatformRow> rows;
  for (const auto& machine : sandbox::known_machines())
    rows.push_back(platform_row(std::string(machine.architecture), why_no_own));
  // What runs natively comes first.
  std::stable_partition(rows.begin(), rows.end(),
                        [](const PlatformRow& row) { return row.how == "natively"; });
  return rows;
}

std::string to_json(const Report& report) {
  nlohmann::ordered_json json;
  json["store"] = base::printable(report.store);
  json["profiles"] = nlohmann::ordered_json::array();
  for (const auto& probe : report.profiles) {
    json["profiles"].push_back(
        {{"profile", probe.profile}, {"usable", probe.usable}, {"reason", probe.reason}});
  }
  const auto& network = report.private_network;
  json["network"] = {{"default", kDefaultNetwork},
                     {"private", {{"usable", network.usable}, {"reason", network.reason}}}};
  json["platforms"] = nlohmann::ordered_json::array();
  for (const auto& row : report.platforms) {
    json["platforms"].push_back({{"platform", row.platform}, {"runs", row.runs}, {"how", row.how}});
  }
  return json.dump(2) + "\n";
}

std::string to_text(const Report& report) {
  const auto& network = report.private_network;
  Table profiles({"PROFILE", "USABLE", "REASON"});
  for (const auto& probe : report.profiles)
    profiles.add({probe.profile, probe.usable ? "yes" : "no", probe.reason});
  Table platforms({"PLATFORM", "RUN", "HOW"});
  for (const auto& row : report.platforms)
    platforms.add({row.platform, row.runs ? "yes" : "no", row.how});
  return "store: " + base::printable(report.store) + "\n\n" + profiles.str() +
         "\nRUN steps use the first profile that is usable; --isolation forces one.\n\n" +
         "network of RUN: " + kDefaultNetwork +
         "; --network=private: " + (network.usable ? "yes" : "no") + ", " + network.reason +
         "\n\n" + platforms.str() + "\nOther steps can be built for any platform.\n";
}

}  // namespace

int run_doctor(Arguments arguments, CommandContext& context) {
  OptionParser parser(
      "ibuild doctor",
      "Shows which isolation profiles work on this machine, and which platforms it can "
      "run, and why not");
  bool json = false;
  StoreOptions store;
  parser.flag("--json", json, "Print JSON");
  store.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  const Report report{.store = store.path(),
                      .profiles = sandbox::probe_profiles(store.path()),
                      .private_network = sandbox::probe_private_network(),
                      .platforms = platform_rows()};
  context.out << (json ? to_json(report) : to_text(report));
  return kSuccess;
}

}  // namespace ibuild::cli
