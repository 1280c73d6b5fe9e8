#include "cli/commands/doctor_command.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/option_parser.h"
#include "cli/options_store.h"
#include "cli/table.h"
#include "sandbox/user_namespace.h"

namespace ibuild::cli {

namespace {

using Probes = std::vector<sandbox::ProfileProbe>;

constexpr const char* kDefaultNetwork = "host";

std::string to_json(const Probes& probes, const sandbox::ProfileProbe& network,
                    const std::string& store) {
  nlohmann::ordered_json json;
  json["store"] = base::printable(store);
  json["profiles"] = nlohmann::ordered_json::array();
  for (const auto& probe : probes) {
    json["profiles"].push_back(
        {{"profile", probe.profile}, {"usable", probe.usable}, {"reason", probe.reason}});
  }
  json["network"] = {{"default", kDefaultNetwork},
                     {"private", {{"usable", network.usable}, {"reason", network.reason}}}};
  return json.dump(2) + "\n";
}

std::string to_text(const Probes& probes, const sandbox::ProfileProbe& network,
                    const std::string& store) {
  Table table({"PROFILE", "USABLE", "REASON"});
  for (const auto& probe : probes)
    table.add({probe.profile, probe.usable ? "yes" : "no", probe.reason});
  return "store: " + base::printable(store) + "\n\n" + table.str() +
         "\nRUN steps use the first profile that is usable; --isolation forces one.\n\n" +
         "network of RUN: " + kDefaultNetwork +
         "; --network=private: " + (network.usable ? "yes" : "no") + ", " + network.reason + "\n";
}

}  // namespace

int run_doctor(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild doctor",
                      "Shows which isolation profiles work on this machine, and why not");
  bool json = false;
  StoreOptions store;
  parser.flag("--json", json, "Print JSON");
  store.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  const auto probes = sandbox::probe_profiles();
  const auto network = sandbox::probe_private_network();
  context.out << (json ? to_json(probes, network, store.path())
                       : to_text(probes, network, store.path()));
  return kSuccess;
}

}  // namespace ibuild::cli
