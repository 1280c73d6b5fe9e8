// probe_profile and probe_profiles of sandbox/user_namespace.h.
#include <chrono>
#include <csignal>
#include <string>

#include "base/child.h"
#include "base/error.h"
#include "base/text.h"
#include "sandbox/call_filter.h"
#include "sandbox/sandbox.h"
#include "sandbox/user_namespace.h"

namespace ibuild::sandbox {

// In a process of its own, as a process that has gone into a namespace does not come back.
ProfileProbe probe_profile(const std::string& profile, const std::string& store) {
  base::ProgramOptions options;
  options.timeout = std::chrono::milliseconds(20000);
  try {
    const base::ProgramResult result = base::run_program(
        {"/proc/self/exe", std::string(kSandboxChildArg), "probe", profile, store}, options);
    std::string reason = base::printable(base::trim(result.out));
    if (reason.empty()) reason = "the probe ended: " + result.status.describe();
    if (result.status.signal == SIGSYS) reason += "; " + advice_on_filter();
    return {profile, result.status.success(), reason};
  } catch (const base::Error& error) {
    const std::string hint = error.hint().empty() ? "" : " (" + error.hint() + ")";
    return {profile, false, error.what() + hint};
  }
}

ProfileProbe probe_private_network() { return probe_profile("private", "/"); }

std::vector<ProfileProbe> probe_profiles(const std::string& store) {
  return {probe_profile("root", store),
          probe_profile("rootless", store),
          probe_profile("shared-pids", store),
          probe_profile("chroot", store),
          {"none", true, "nothing needed; for builds without RUN"}};
}

}  // namespace ibuild::sandbox
