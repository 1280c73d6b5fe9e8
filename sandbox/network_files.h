#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// The step's /etc/resolv.conf, made from the host's. With the host's network: the host's file as
/// it is. Without: the file of systemd-resolved's upstream servers when the host's only server is
/// its stub 127.0.0.53, and loopback servers left out, as they are not there for the step. Public
/// servers when none is left. Throws: SystemError, ContentError when the host's file cannot be read
/// or is above 1 MiB.
std::string make_resolv_conf(NetworkMode network);

/// What a step's resolv.conf says instead of the host's; empty lists leave the host's word.
struct DnsSettings {
  std::vector<std::string> servers;  // addresses
  std::vector<std::string> search;   // domains; "." alone: none
  std::vector<std::string> options;
  bool empty() const { return servers.empty() && search.empty() && options.empty(); }
};
/// `resolv_conf` with its lines of these kinds replaced.
std::string with_dns_settings(std::string_view resolv_conf, const DnsSettings& dns);

/// The same rules on texts: `host` is the host's /etc/resolv.conf.
std::string step_resolv_conf(std::string_view host, NetworkMode network);
/// True when systemd-resolved's stub is the only name server of `resolv_conf`.
bool names_only_resolved_stub(std::string_view resolv_conf);

/// The step's /etc/hosts: loopback with `hostname`, then each (name, address) of `extra` in order.
/// Throws: UsageError when a name or an address could not stand in the file.
std::string make_hosts(std::string_view hostname,
                       const std::vector<std::pair<std::string, std::string>>& extra);

}  // namespace ibuild::sandbox
