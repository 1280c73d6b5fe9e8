#include "sandbox/call_filter.h"

#include "base/fs_at.h"
#include "base/text.h"

namespace ibuild::sandbox {

bool is_filtered() {
  const auto status = base::try_read_host_file("/proc/self/status", 64 << 10).value_or("");
  return status.find("\nSeccomp:\t2") != std::string::npos;
}

std::string advice_on_filter() {
  if (const std::string service = own_service(); !service.empty()) {
    return "a system call filter is in force here: " + service +
           " has to have RestrictNamespaces=no, and in its SystemCallFilter= beside "
           "@system-service: @mount seccomp sethostname setdomainname";
  }
  return "a seccomp filter is in force here, as in a container with the default profile; run it "
         "with seccomp=unconfined, or give the container CAP_SYS_ADMIN";
}

std::string own_service() {
  return service_of(base::try_read_host_file("/proc/self/cgroup", 64 << 10).value_or(""));
}

std::string service_of(std::string_view cgroups) {
  constexpr std::string_view kSuffix = ".service";
  for (const std::string_view line : base::split(cgroups, '\n')) {
    // "0::/system.slice/ci.service", or with version 1 "1:name=systemd:/system.slice/ci.service"
    if (!line.starts_with("0::") && line.find(":name=systemd:") == std::string_view::npos) continue;
    const std::string_view name = line.substr(line.rfind('/') + 1);
    if (name.size() > kSuffix.size() && name.ends_with(kSuffix)) return base::printable(name);
  }
  return "";
}

}  // namespace ibuild::sandbox
