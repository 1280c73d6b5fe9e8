#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

enum class CgroupVersion { v1, v2 };

/// A value for a file of a cgroup.
struct CgroupSetting {
  std::string file;
  std::string value;
  bool operator==(const CgroupSetting&) const = default;
};
/// What is to be written for one controller, in this order.
struct CgroupSettings {
  std::string controller;  // "memory", "cpu", "cpuset"
  std::vector<CgroupSetting> settings;
  bool operator==(const CgroupSettings&) const = default;
};

/// The controllers that it takes to set `limits`. They are asked for by version, as a host may have
/// some in version 1 and others in version 2.
std::vector<std::string> needed_controllers(const ResourceLimits& limits);
/// Whether a step gets a cgroup of its own: for a limit, or since it is to be below a chosen one.
bool wants_cgroup(const ResourceLimits& limits);
/// See: cgroup-v1/memory.rst, sched-bwc.rst and cgroup-v2.rst of the kernel's documentation.
CgroupSettings settings_of(std::string_view controller, const ResourceLimits& limits,
                           CgroupVersion version);

/// Where a process finds a controller.
struct CgroupPlace {
  CgroupVersion version = CgroupVersion::v2;
  std::string mount_point;  // of its hierarchy
  std::string own;          // the process' cgroup below it: "" or "/user.slice/…"
  bool operator==(const CgroupPlace&) const = default;
};
/// `mountinfo` and `cgroup`: /proc/self/… of the process. A controller that no version 1 hierarchy
/// has is looked for in version 2. None where there is no hierarchy that the process can see.
/// See: proc_pid_mountinfo(5), cgroups(7).
std::optional<CgroupPlace> find_controller(std::string_view controller, std::string_view mountinfo,
                                           std::string_view cgroup);

}  // namespace ibuild::sandbox
