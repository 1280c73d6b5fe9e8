#include "cli/options_steps.h"

#include <array>
#include <chrono>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "cli/device.h"

namespace ibuild::cli {

namespace {

struct Entitlement {
  std::string_view name;
  bool builder::Allowances::*grant;
};
constexpr std::array kEntitlements = {
    Entitlement{"network.host", &builder::Allowances::host_network},
    Entitlement{"security.insecure", &builder::Allowances::insecure_steps},
    Entitlement{"device", &builder::Allowances::all_devices},
    Entitlement{"secret-in-layer", &builder::Allowances::secrets_in_layers},
    Entitlement{"buildx.local.delete", &builder::Allowances::local_delete},
};

void grant(std::string_view name, builder::Allowances& allowed) {
  for (const auto& known : kEntitlements) {
    if (name == known.name) {
      allowed.*known.grant = true;
      return;
    }
  }
  const std::string option = "--allow " + base::printable(name);
  constexpr std::string_view kOneDevice = "device=";
  if (name.starts_with(kOneDevice)) {
    const std::string device(name.substr(kOneDevice.size()));
    if (!builder::is_cdi_name(device)) throw base::UsageError(option + ": it is no device's name");
    allowed.devices.push_back(device);
    return;
  }
  base::UsageError error(option + " is not known");
  error.set_hint(
      "use network.host, security.insecure, device, secret-in-layer or buildx.local.delete");
  throw error;
}

std::chrono::milliseconds parse_step_timeout(const std::string& text) {
  const auto time = base::parse_go_duration(text);
  if (!time || *time < std::chrono::milliseconds(1)) {
    base::UsageError error("--step-timeout " + base::printable(text) + " is no time");
    error.set_hint("write it as 90s, 10m or 1h30m");
    throw error;
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(*time);
}

void check_host_gateway(const builder::BuildRequest& request) {
  if (request.network != "none" && request.network != "private") return;
  for (const auto& host : request.add_hosts) {
    if (!host.ends_with(":host-gateway")) continue;
    throw base::UsageError("--add-host " + base::printable(host) +
                           ": there is no way to the host with --network=" + request.network);
  }
}

}  // namespace

void StepOptions::add_to(OptionParser& parser) {
  parser.list("--allow", "ENTITLEMENT", allow,
              "network.host, security.insecure, device[=NAME] or secret-in-layer: what the "
              "Dockerfile may do; "
              "buildx.local.delete: an output with mode=delete may empty any directory");
  parser.list("--device", "DEVICE[:TARGET]", devices,
              "Device of this machine for RUN: its path, or its name (CDI)");
  parser.list("--cdi-config-dir", "DIR", cdi_directories, "Where devices with names are described");
  parser.value("--step-timeout", "TIME", timeout, "End a RUN that takes longer (90s, 10m)");
  resources.add_to(parser);
  security.add_to(parser);
}

void StepOptions::put_into(builder::BuildRequest& request) const {
  for (const auto& list : allow) {
    for (const auto name : base::split(list, ',')) grant(name, request.allowed);
  }
  for (const auto& device : devices) request.devices.push_back(parse_device(device));
  request.cdi_directories = cli::cdi_directories(cdi_directories);
  if (!timeout.empty()) request.step_timeout = parse_step_timeout(timeout);
  request.resources = resources.limits();
  request.security = security.settings(SecurityOptions::Others::ignored);
  check_host_gateway(request);
  // Who asks for the host's network himself allows it.
  if (request.network == "host") request.allowed.host_network = true;
}

}  // namespace ibuild::cli
