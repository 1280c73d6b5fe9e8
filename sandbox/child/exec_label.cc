// See: proc_pid_attr(5); Documentation/admin-guide/LSM/apparmor.rst
#include "sandbox/child/exec_label.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

/// The error number, 0 for success. Taken in one write.
int try_write(const char* path, std::string_view text) {
  const base::UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  const ssize_t size = ::write(file.get(), text.data(), text.size());
  if (size == static_cast<ssize_t>(text.size())) return 0;
  return size < 0 ? errno : EIO;
}

[[noreturn]] void fail(int error, const char* phase, const std::string& what,
                       const std::string& missing) {
  if (error == ENOENT || error == EINVAL) throw SandboxError(phase, what + " " + missing);
  if (error == EACCES || error == EPERM) {
    throw SandboxError(phase, what + " is not for ibuild to give, as it is confined itself");
  }
  throw SandboxError(phase, base::SystemError(error, "give", what).what());
}

void set_apparmor_profile(const std::string& profile) {
  constexpr const char* kPhase = "set AppArmor profile";
  const std::string order = "exec " + profile;
  // Linux 5.8; before, and with an older way of stacking modules, they shared one file.
  constexpr const char* kOwnFile = "/proc/thread-self/attr/apparmor/exec";
  const bool has_own = ::access(kOwnFile, F_OK) == 0;
  const int error = try_write(has_own ? kOwnFile : "/proc/thread-self/attr/exec", order);
  if (error != 0) fail(error, kPhase, base::printable(profile), "is not loaded into the kernel");
}

void set_selinux_label(const std::string& label) {
  constexpr const char* kPhase = "set SELinux label";
  const int error = try_write("/proc/thread-self/attr/exec", label);
  if (error != 0) fail(error, kPhase, base::printable(label), "is no label of the policy");
}

}  // namespace

void set_exec_label(const SandboxSpec& spec) {
  if (spec.insecure) return;
  const SecurityLabels& labels = spec.labels;
  if (!labels.apparmor_profile.empty()) set_apparmor_profile(labels.apparmor_profile);
  if (!labels.selinux_process.empty()) set_selinux_label(labels.selinux_process);
}

}  // namespace ibuild::sandbox
