#include "sandbox/spec_check.h"

#include <string>
#include <string_view>

#include "base/text.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr std::size_t kHostnameCap = 64;  // __NEW_UTS_LEN

[[noreturn]] void refuse(const std::string& why) { throw SandboxError("check the spec", why); }

void refuse_nul(std::string_view text, std::string_view what) {
  if (text.find('\0') != std::string_view::npos) {
    refuse(std::string(what) + " \"" + base::printable(text) + "\" holds a NUL byte");
  }
}

/// As for other entries, but what is wrong with it is said without it.
void check_secret_entry(std::string_view entry) {
  const auto equals = entry.find('=');
  const std::string name = base::printable(entry.substr(0, equals));
  if (equals == std::string_view::npos || equals == 0) {
    refuse("a secret of the environment has no name");
  }
  if (entry.find('\0') != std::string_view::npos) {
    refuse("the secret for environment variable " + name + " holds a NUL byte");
  }
}

void check_process(const SandboxSpec& spec) {
  if (spec.argv.empty() || spec.argv[0].empty()) refuse("no program to run");
  for (const std::string& word : spec.argv) refuse_nul(word, "argument");
  for (const std::string& entry : spec.env) {
    refuse_nul(entry, "environment entry");
    if (entry.find('=', 1) == std::string::npos) {
      refuse("environment entry \"" + base::printable(entry) + "\" is not of the form NAME=VALUE");
    }
  }
  for (const std::string& entry : spec.secret_env) check_secret_entry(entry);
  refuse_nul(spec.working_dir, "working directory");
  if (!spec.working_dir.starts_with('/')) {
    refuse("working directory \"" + base::printable(spec.working_dir) + "\" is not absolute");
  }
  constexpr std::uint32_t kNoId = 0xffffffff;  // "leave as it is" to setresuid(2)
  if (spec.uid == kNoId || spec.gid == kNoId) refuse("user or group id 4294967295 is not usable");
}

void check_mount(const MountSpec& mount) {
  const std::string shown = "mount target " + base::printable(mount.target.absolute());
  if (mount.target.is_root()) refuse(shown + " is the root itself");
  if (mount.target.is_within(base::RelPath::exact("proc"))) refuse(shown + " is in /proc");
  if (mount.kind != MountSpec::Kind::tmpfs && mount.source_fd < 0) refuse(shown + " has no source");
  if (mount.kind != MountSpec::Kind::bind && mount.mode > 07777) refuse(shown + " has a bad mode");
  if (mount.kind == MountSpec::Kind::file && mount.source_is_directory) {
    refuse(shown + " cannot be a file made of a directory");
  }
}

void check_hook(const Hook& hook) {
  const std::string shown = "hook \"" + base::printable(hook.path) + "\"";
  if (!hook.path.starts_with('/')) refuse(shown + " is no absolute path");
  refuse_nul(hook.path, "hook");
  for (const std::string& word : hook.args) refuse_nul(word, "argument of a hook");
  for (const std::string& entry : hook.env) refuse_nul(entry, "environment entry of a hook");
  if (hook.timeout.count() < 0) refuse(shown + " has a bad time-out");
}

/// The kernel ends the names at these.
void check_label(std::string_view label, std::string_view what) {
  refuse_nul(label, what);
  if (label.find('\n') != std::string_view::npos) {
    refuse(std::string(what) + " \"" + base::printable(label) + "\" holds a line's end");
  }
}

}  // namespace

void check_spec(const SandboxSpec& spec) {
  if (spec.root_fd < 0) refuse("no root directory");
  check_process(spec);
  for (const MountSpec& mount : spec.mounts) check_mount(mount);
  for (const Hook& hook : spec.hooks) check_hook(hook);
  check_label(spec.labels.apparmor_profile, "AppArmor profile");
  check_label(spec.labels.selinux_process, "SELinux label");
  refuse_nul(spec.hostname, "host name");
  if (spec.hostname.empty() || spec.hostname.size() > kHostnameCap) {
    refuse("host name \"" + base::printable(spec.hostname) + "\" is not of 1 to 64 bytes");
  }
}

}  // namespace ibuild::sandbox
