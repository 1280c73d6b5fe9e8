#include "cli/options_steps.h"

#include <array>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

namespace {

struct Entitlement {
  std::string_view name;
  bool builder::Allowances::*grant;
};
constexpr std::array kEntitlements = {
    Entitlement{"network.host", &builder::Allowances::host_network},
    Entitlement{"security.insecure", &builder::Allowances::insecure_steps},
    Entitlement{"secret-in-layer", &builder::Allowances::secrets_in_layers},
};

void grant(std::string_view name, builder::Allowances& allowed) {
  for (const auto& known : kEntitlements) {
    if (name == known.name) {
      allowed.*known.grant = true;
      return;
    }
  }
  const std::string option = "--allow " + base::printable(name);
  if (name == "device" || name.starts_with("device="))
    throw base::UsageError(option + " is not supported: steps get no devices of the host");
  base::UsageError error(option + " is not known");
  error.set_hint("use network.host, security.insecure or secret-in-layer");
  throw error;
}

}  // namespace

void StepOptions::add_to(OptionParser& parser) {
  parser.list("--allow", "ENTITLEMENT", allow,
              "network.host, security.insecure or secret-in-layer: what the Dockerfile may do");
}

void StepOptions::put_into(builder::BuildRequest& request) const {
  for (const auto& list : allow) {
    for (const auto name : base::split(list, ',')) grant(name, request.allowed);
  }
  // Who asks for the host's network himself allows it.
  if (request.network == "host") request.allowed.host_network = true;
}

}  // namespace ibuild::cli
