#include "sandbox/cgroup_settings.h"

#include <algorithm>

#include "base/text.h"

namespace ibuild::sandbox {

namespace {

constexpr std::uint64_t kUsualPeriodUs = 100000;  // the kernel's own

std::vector<CgroupSetting> memory_settings(const ResourceLimits& limits, CgroupVersion version) {
  const std::string memory = std::to_string(limits.memory_bytes);
  const std::int64_t both = limits.memory_and_swap_bytes;
  std::vector<CgroupSetting> settings;
  if (version == CgroupVersion::v1) {
    if (limits.memory_bytes != 0) settings.push_back({"memory.limit_in_bytes", memory});
    if (both != 0) settings.push_back({"memory.memsw.limit_in_bytes", std::to_string(both)});
    return settings;
  }
  if (limits.memory_bytes != 0) settings.push_back({"memory.max", memory});
  if (both != 0) {
    // Version 2 counts swap alone.
    settings.push_back(
        {"memory.swap.max",
         both < 0 ? "max"
                  : std::to_string(static_cast<std::uint64_t>(both) - limits.memory_bytes)});
  }
  return settings;
}

std::vector<CgroupSetting> cpu_settings(const ResourceLimits& limits, CgroupVersion version) {
  const std::uint64_t period = limits.cpu_period_us;
  const std::int64_t quota = limits.cpu_quota_us;
  std::vector<CgroupSetting> settings;
  if (version == CgroupVersion::v1) {
    if (period != 0) settings.push_back({"cpu.cfs_period_us", std::to_string(period)});
    if (quota != 0) settings.push_back({"cpu.cfs_quota_us", std::to_string(quota)});
    if (limits.cpu_shares != 0) {
      settings.push_back({"cpu.shares", std::to_string(limits.cpu_shares)});
    }
    return settings;
  }
  if (period != 0 || quota != 0) {
    settings.push_back({"cpu.max", (quota > 0 ? std::to_string(quota) : "max") + " " +
                                       std::to_string(period != 0 ? period : kUsualPeriodUs)});
  }
  if (limits.cpu_shares != 0) {
    // 2…262144 to 1…10000, as the runtimes of containers have it.
    const std::uint64_t shares = std::clamp<std::uint64_t>(limits.cpu_shares, 2, 262144);
    settings.push_back({"cpu.weight", std::to_string(1 + (shares - 2) * 9999 / 262142)});
  }
  return settings;
}

std::vector<CgroupSetting> cpuset_settings(const ResourceLimits& limits) {
  std::vector<CgroupSetting> settings;
  if (!limits.cpuset_cpus.empty()) settings.push_back({"cpuset.cpus", limits.cpuset_cpus});
  if (!limits.cpuset_mems.empty()) settings.push_back({"cpuset.mems", limits.cpuset_mems});
  return settings;
}

bool has_word(std::string_view list, char separator, std::string_view word) {
  const auto words = base::split(list, separator);
  return std::find(words.begin(), words.end(), word) != words.end();
}

struct MountLine {
  std::string_view root;
  std::string_view mount_point;
  std::string_view type;
  std::string_view options;  // of the file system
};

std::optional<MountLine> parse_mount(std::string_view line) {
  const auto separator = line.find(" - ");
  if (separator == std::string_view::npos) return std::nullopt;
  const auto front = base::split(line.substr(0, separator), ' ');
  const auto back = base::split(line.substr(separator + 3), ' ');
  if (front.size() < 6 || back.size() < 3) return std::nullopt;
  return MountLine{front[3], front[4], back[0], back[2]};
}

/// The path of the cgroup in the line that `is_line` takes.
template <typename IsLine>
std::optional<std::string_view> own_cgroup(std::string_view text, const IsLine& is_line) {
  for (const auto line : base::split(text, '\n')) {
    const auto first = line.find(':');
    if (first == std::string_view::npos) continue;
    const auto second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    if (is_line(line.substr(first + 1, second - first - 1))) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// `own` as it is below a mount that shows the hierarchy from `root` on; none when it is not there.
std::optional<std::string> below_mount(std::string_view own, std::string_view root) {
  if (own.starts_with("/..") || root.starts_with("/..")) return std::nullopt;
  if (root != "/") {
    if (own != root && !own.starts_with(std::string(root) + "/")) return std::nullopt;
    own.remove_prefix(root.size());
  }
  return own == "/" ? "" : std::string(own);
}

}  // namespace

std::vector<std::string> needed_controllers(const ResourceLimits& limits) {
  std::vector<std::string> needed;
  for (const char* controller : {"memory", "cpu", "cpuset"}) {
    if (!settings_of(controller, limits, CgroupVersion::v1).settings.empty()) {
      needed.emplace_back(controller);
    }
  }
  return needed;
}

CgroupSettings settings_of(std::string_view controller, const ResourceLimits& limits,
                           CgroupVersion version) {
  CgroupSettings found{std::string(controller), {}};
  if (controller == "memory") found.settings = memory_settings(limits, version);
  if (controller == "cpu") found.settings = cpu_settings(limits, version);
  if (controller == "cpuset") found.settings = cpuset_settings(limits);
  return found;
}

bool wants_cgroup(const ResourceLimits& limits) {
  return !limits.cgroup_parent.empty() || !needed_controllers(limits).empty();
}

std::optional<CgroupPlace> find_controller(std::string_view controller, std::string_view mountinfo,
                                           std::string_view cgroup) {
  const auto own_in_v1 =
      own_cgroup(cgroup, [&](std::string_view list) { return has_word(list, ',', controller); });
  const auto own_in_v2 = own_cgroup(cgroup, [](std::string_view list) { return list.empty(); });
  for (const auto line : base::split(mountinfo, '\n')) {
    const auto mount = parse_mount(line);
    if (!mount) continue;
    const bool v1 =
        own_in_v1 && mount->type == "cgroup" && has_word(mount->options, ',', controller);
    const bool v2 = !own_in_v1 && own_in_v2 && mount->type == "cgroup2";
    if (!v1 && !v2) continue;
    const auto own = below_mount(v1 ? *own_in_v1 : *own_in_v2, mount->root);
    if (!own) continue;
    return CgroupPlace{v1 ? CgroupVersion::v1 : CgroupVersion::v2, std::string(mount->mount_point),
                       *own};
  }
  return std::nullopt;
}

}  // namespace ibuild::sandbox
