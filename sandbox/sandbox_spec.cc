#include "sandbox/sandbox_spec.h"

#include <array>
#include <string_view>

#include "base/text.h"

namespace ibuild::sandbox {

namespace {

std::string octal(std::uint32_t mode) {
  std::string digits;
  for (; mode != 0; mode >>= 3) digits.insert(digits.begin(), static_cast<char>('0' + (mode & 7)));
  return "0" + digits;
}

/// Names whose values are not for logs.
bool looks_secret(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kMarks = {
      "pass", "secret", "token", "key", "credential", "auth", "private"};
  const std::string lower = base::to_lower(name);
  for (std::string_view mark : kMarks) {
    if (lower.find(mark) != std::string::npos) return true;
  }
  return false;
}

std::string describe_env(const std::string& entry) {
  const std::size_t equals = entry.find('=');
  const std::string_view name = std::string_view(entry).substr(0, equals);
  if (looks_secret(name)) return base::printable(name) + "=***";
  return base::printable(entry);
}

std::string describe_kind(const MountSpec& mount) {
  switch (mount.kind) {
    case MountSpec::Kind::bind:
      return std::string(mount.source_is_directory ? " directory" : " file") +
             (mount.source_is_detached_mount ? " detached" : "") +
             (mount.source_tree_fd >= 0 ? " of a detached mount" : "");
    case MountSpec::Kind::tmpfs:
      return (mount.size_bytes != 0 ? " size=" + std::to_string(mount.size_bytes) : "") +
             " mode=" + octal(mount.mode);
    case MountSpec::Kind::file:
      break;
  }
  return " mode=" + octal(mount.mode) + " owner=" + std::to_string(mount.uid) + ":" +
         std::to_string(mount.gid);
}

std::string describe_mount(const MountSpec& mount) {
  static constexpr std::array<std::string_view, 3> kNames = {"bind ", "tmpfs ", "file "};
  return std::string(kNames.at(static_cast<std::size_t>(mount.kind))) +
         base::printable(mount.target.absolute()) + describe_kind(mount) +
         (mount.read_only ? " ro" : " rw") + (mount.ignores_setuid ? " nosuid" : "");
}

std::string describe_user(const SandboxSpec& spec) {
  std::string text = std::to_string(spec.uid) + ":" + std::to_string(spec.gid);
  for (std::uint32_t gid : spec.additional_gids) text += "," + std::to_string(gid);
  return text;
}

std::string describe_limits(const ResourceLimits& limits) {
  std::string text;
  auto add = [&](const char* name, const std::string& value) {
    if (value != "0" && !value.empty())
      text += (text.empty() ? "" : " ") + std::string(name) + "=" + base::printable(value);
  };
  add("memory", std::to_string(limits.memory_bytes));
  add("memory+swap", std::to_string(limits.memory_and_swap_bytes));
  add("cpu-period", std::to_string(limits.cpu_period_us));
  add("cpu-quota", std::to_string(limits.cpu_quota_us));
  add("cpu-shares", std::to_string(limits.cpu_shares));
  add("cpuset-cpus", limits.cpuset_cpus);
  add("cpuset-mems", limits.cpuset_mems);
  add("cgroup-parent", limits.cgroup_parent);
  return text.empty() ? "none" : text;
}

const char* name_of(NetworkMode network) {
  switch (network) {
    case NetworkMode::host:
      return "host";
    case NetworkMode::none:
      return "none";
    case NetworkMode::own:
      return "private";
  }
  return "unknown";
}

}  // namespace

std::string describe(const SandboxSpec& spec) {
  std::string text;
  auto line = [&](std::string_view name, const std::string& value) {
    text += std::string(name) + ": " + value + "\n";
  };
  line("root", std::string(spec.root_is_detached_mount ? "detached mount" : "directory") +
                   (spec.root_read_only ? " ro" : " rw"));
  for (const MountSpec& mount : spec.mounts) line("mount", describe_mount(mount));
  std::string command;
  for (const std::string& word : spec.argv) {
    command += (command.empty() ? "" : " ") + base::shell_quote(base::printable(word));
  }
  line("run", command);
  for (const std::string& entry : spec.env) line("env", describe_env(entry));
  for (const std::string& entry : spec.secret_env) {
    line("env", base::printable(entry.substr(0, entry.find('='))) + "=***");
  }
  line("dir", base::printable(spec.working_dir));
  line("user", describe_user(spec));
  for (const std::string& name : spec.architectures) line("programs for", base::printable(name));
  for (const Hook& hook : spec.hooks) line("hook", base::printable(hook.path));
  line("network", name_of(spec.network));
  line("limits", describe_limits(spec.resources));
  line("timeout",
       spec.timeout.count() == 0 ? "none" : std::to_string(spec.timeout.count()) + " ms");
  line("stdio", spec.stdio == StdioMode::captured ? "captured" : "inherited");
  line("rights", std::string(spec.insecure ? "all" : "default") +
                     (spec.no_new_privileges ? ", no new ones" : ""));
  if (!spec.labels.apparmor_profile.empty())
    line("AppArmor", base::printable(spec.labels.apparmor_profile));
  if (!spec.labels.selinux_process.empty())
    line("SELinux", base::printable(spec.labels.selinux_process));
  line("hostname", base::printable(spec.hostname));
  line("resolv.conf", std::to_string(spec.resolv_conf.size()) + " bytes");
  line("hosts", std::to_string(spec.hosts.size()) + " bytes");
  line("shm", std::to_string(spec.shm_size_bytes));
  for (const Rlimit& limit : spec.rlimits) {
    line("rlimit", std::to_string(limit.resource) + " " + std::to_string(limit.soft) + ":" +
                       std::to_string(limit.hard));
  }
  return text;
}

}  // namespace ibuild::sandbox
