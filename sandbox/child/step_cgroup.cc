#include "sandbox/child/step_cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/scope_exit.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr const char* kPhase = "limit resources";
constexpr std::string_view kPrefix = "ibuild-";
constexpr std::uint64_t kFileCap = 64 << 20;  // hosts of many containers have many mounts

constexpr const char* kNeedsRights =
    "limits need cgroups that ibuild may write to: run it as root, with `systemd-run --user "
    "--scope -p Delegate=yes`, or name one with --cgroup-parent";

[[noreturn]] void fail(const std::string& why, const std::string& hint = kNeedsRights) {
  SandboxError error(kPhase, why);
  error.set_hint(hint);
  throw error;
}

std::string read_line(const std::string& path) {
  return std::string(base::trim(base::try_read_host_file(path, kFileCap).value_or("")));
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// The error number, 0 for success.
int try_write(const std::string& path, const std::string& value) {
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  return ::write(file.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size())
             ? 0
             : errno;
}

/// For one that the kernel does not take.
std::string hint_for_value(const std::string& dir, const CgroupSetting& setting) {
  if (!setting.file.starts_with("cpuset.")) return "the kernel does not take this value";
  const std::string above = parent_of(dir) + "/" + setting.file;
  std::string list = read_line(above + ".effective");  // version 2
  if (list.empty()) list = read_line(above);
  return "of " + setting.file.substr(setting.file.find('.') + 1) + " there are " + list + " here";
}

void write_setting(const std::string& dir, const CgroupSetting& setting) {
  const std::string path = dir + "/" + setting.file;
  const int error = try_write(path, setting.value);
  if (error == 0) return;
  if (error == ENOENT) fail("the kernel offers no " + setting.file + " in " + dir);
  const std::string what =
      base::SystemError(error, "write \"" + setting.value + "\" to", path).what();
  if (error == EACCES || error == EPERM || error == EROFS) fail(what);
  fail(what, hint_for_value(dir, setting));
}

bool has_controller(const std::string& file, const std::string& controller) {
  const auto text = base::try_read_host_file(file, kFileCap).value_or("");
  const auto words = base::split(base::trim(text), ' ');
  return std::find(words.begin(), words.end(), controller) != words.end();
}

/// Why children of `dir` with controllers of their own would not do. Version 2 wants processes in
/// the leaves, but for the root of all: it would enable "cpu", "cpuset" and "pids" nevertheless,
/// and then no process could enter the child. See: cgroups(7), "no internal processes"
std::string why_no_children(const std::string& dir) {
  if (::access((dir + "/cgroup.type").c_str(), F_OK) != 0) return "";
  if (const std::string type = read_line(dir + "/cgroup.type"); type != "domain") {
    return dir + " is a cgroup for threads (" + type + ")";
  }
  return read_line(dir + "/cgroup.procs").empty()
             ? ""
             : dir + " holds processes and can hand no controllers on";
}

/// Lets the children of `dir` have the controllers. Why not; empty for success.
std::string enable_for_children(const std::string& dir,
                                const std::vector<std::string>& controllers) {
  if (controllers.empty()) return "";
  if (std::string why = why_no_children(dir); !why.empty()) return why;
  for (const auto& controller : controllers) {
    const std::string file = dir + "/cgroup.subtree_control";
    if (has_controller(file, controller)) continue;
    if (!has_controller(dir + "/cgroup.controllers", controller)) {
      return std::string(dir).append(" has no controller ").append(controller);
    }
    if (const int error = try_write(file, "+" + controller); error != 0) {
      return base::SystemError(error, "write \"+" + controller + "\" to", file).what();
    }
  }
  return "";
}

/// Cgroups of steps whose supervisor was killed with SIGKILL: nobody else removes them. One that
/// still has processes cannot be removed.
void remove_leftovers(const std::string& parent) {
  DIR* const dir = ::opendir(parent.c_str());
  if (dir == nullptr) return;
  const base::ScopeExit close([&] { ::closedir(dir); });
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with(kPrefix)) continue;
    const auto pid = base::parse_u64(name.substr(kPrefix.size()));
    if (!pid || ::kill(static_cast<pid_t>(*pid), 0) == 0 || errno != ESRCH) continue;
    ::rmdir((parent + "/").append(name).c_str());
  }
}

/// systemd gives a user's own manager some controllers only, which no unit below it can widen.
/// Empty where that is not what is missing. See: systemd.resource-control(5), Delegate=
std::string hint_for_user_manager(const CgroupPlace& place,
                                  const std::vector<std::string>& controllers) {
  const std::size_t name = place.own.find("/user@");
  if (name == std::string::npos) return "";
  const std::string manager = place.own.substr(0, place.own.find('/', name + 1));
  const std::string file = place.mount_point + manager + "/cgroup.controllers";
  std::vector<std::string> missing;
  for (const auto& controller : controllers) {
    if (!has_controller(file, controller)) missing.push_back(controller);
  }
  if (missing.empty()) return "";
  return "systemd lets users of this machine have no " + base::join(missing, ", ") +
         "; leave that limit out, or have the lines `[Service]` and `Delegate=cpu cpuset io memory "
         "pids` put into /etc/systemd/system/user@.service.d/delegate.conf";
}

/// A cgroup that is ours to divide but for the processes in it, as Delegate=yes makes one for a
/// service. Empty for others.
std::string hint_for_delegated(const std::string& own,
                               const std::vector<std::string>& controllers) {
  if (::access(own.c_str(), W_OK) != 0 || read_line(own + "/cgroup.procs").empty()) return "";
  for (const auto& controller : controllers) {
    if (!has_controller(own + "/cgroup.controllers", controller)) return "";
  }
  return own +
         " is for ibuild to divide, but for the processes in it: have DelegateSubgroup=main beside "
         "Delegate=yes in the systemd unit (systemd 254), or start ibuild in a cgroup below";
}

std::string hint_for_place(const CgroupPlace& place, const std::vector<std::string>& controllers) {
  const std::string own = place.mount_point + place.own;
  if (::access(own.c_str(), W_OK) != 0 && errno == EROFS) {
    return "the cgroups are mounted read-only, as in a container, or in a systemd unit with "
           "ProtectControlGroups=yes: change that, or leave the limits out";
  }
  std::string hint = hint_for_user_manager(place, controllers);
  if (hint.empty()) hint = hint_for_delegated(own, controllers);
  return hint.empty() ? kNeedsRights : hint;
}

/// A cgroup of a cpuset takes no process before it has processors and memory nodes.
void inherit_cpuset(const std::string& parent, const std::string& dir) {
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    const auto own = base::try_read_host_file(dir + file, kFileCap).value_or("");
    if (!base::trim(own).empty()) continue;
    const auto above = base::try_read_host_file(parent + file, kFileCap).value_or("");
    write_setting(dir, {std::string(file).substr(1), std::string(base::trim(above))});
  }
}

}  // namespace

OomCounter::OomCounter(std::string file, std::string key)
    : file_(std::move(file)), key_(std::move(key)), before_(count()) {}

CgroupView CgroupView::of_this_process() {
  return {base::try_read_host_file("/proc/self/mountinfo", kFileCap).value_or(""),
          base::try_read_host_file("/proc/self/cgroup", kFileCap).value_or("")};
}

OomCounter OomCounter::of_own_cgroup() {
  const CgroupView view = CgroupView::of_this_process();
  const auto place = find_controller("memory", view.mountinfo, view.cgroup);
  if (!place) return {"", ""};
  const bool v1 = place->version == CgroupVersion::v1;
  return {place->mount_point + place->own + (v1 ? "/memory.oom_control" : "/memory.events"),
          "oom_kill"};
}

bool OomCounter::has_grown() const { return count() > before_; }

std::uint64_t OomCounter::count() const {
  if (::access(file_.c_str(), R_OK) != 0) return 0;
  const auto text = base::try_read_host_file(file_, kFileCap).value_or("");
  for (const auto line : base::split(text, '\n')) {
    const auto words = base::split(line, ' ');
    if (words.size() == 2 && words[0] == key_) return base::parse_u64(words[1]).value_or(0);
  }
  return 0;
}

StepCgroup::StepCgroup(const ResourceLimits& limits, pid_t step, const CgroupView& view)
    : step_(std::to_string(step)) {
  base::ScopeExit clean_up([&] { remove_all(); });
  for (Group& group : find_groups(limits, view)) {
    group.dir = std::string("/").append(kPrefix) + step_;
    make(group, limits);
    groups_.push_back(group.dir);
    const bool v1 = group.place.version == CgroupVersion::v1;
    if (std::count(group.controllers.begin(), group.controllers.end(), "memory") != 0) {
      oom_.emplace(group.dir + (v1 ? "/memory.oom_control" : "/memory.events"), "oom_kill");
    }
  }
  clean_up.dismiss();
}

void StepCgroup::enter() const {
  for (const std::string& dir : groups_) {
    if (const int error = try_write(dir + "/cgroup.procs", step_); error != 0) {
      fail(base::SystemError(error, "move the step to", dir).what());
    }
  }
}

StepCgroup::~StepCgroup() { remove_all(); }

/// Without a limit the step goes below its parent wherever that may be.
std::vector<StepCgroup::Group> StepCgroup::find_plain_groups(const ResourceLimits& limits,
                                                             const CgroupView& view) {
  std::vector<Group> groups;
  for (const char* controller : {"cpu", "cpuset", "memory", "pids"}) {
    auto place = find_controller(controller, view.mountinfo, view.cgroup);
    if (!place) continue;
    place->own = limits.cgroup_parent;
    const bool v1 = place->version == CgroupVersion::v1;
    const auto same = std::find_if(groups.begin(), groups.end(),
                                   [&](const Group& group) { return group.place == *place; });
    Group& group = same != groups.end() ? *same : groups.emplace_back(Group{*place, {}, ""});
    if (v1) group.controllers.emplace_back(controller);  // version 2 need not hand any on
  }
  if (groups.empty()) fail("no cgroup hierarchy is mounted here");
  return groups;
}

std::vector<StepCgroup::Group> StepCgroup::find_groups(const ResourceLimits& limits,
                                                       const CgroupView& view) {
  const auto controllers = needed_controllers(limits);
  if (controllers.empty()) return find_plain_groups(limits, view);
  std::vector<Group> groups;
  for (const auto& controller : controllers) {
    auto place = find_controller(controller, view.mountinfo, view.cgroup);
    if (!place) fail("no cgroup hierarchy with the controller " + controller + " is mounted here");
    if (!limits.cgroup_parent.empty()) place->own = limits.cgroup_parent;
    const auto same = std::find_if(groups.begin(), groups.end(),
                                   [&](const Group& group) { return group.place == *place; });
    if (same != groups.end()) {
      same->controllers.push_back(controller);
    } else {
      groups.push_back({*place, {controller}, ""});
    }
  }
  return groups;
}

void StepCgroup::make(Group& group, const ResourceLimits& limits) {
  const CgroupPlace& place = group.place;
  const bool v1 = place.version == CgroupVersion::v1;
  const bool chosen = !limits.cgroup_parent.empty();
  if (chosen) make_parents(place, group.controllers);
  if (v1) {
    const std::string parent = place.mount_point + place.own;
    group.dir = parent + group.dir;
    make_dir(group.dir);
  } else if (chosen) {
    const std::string parent = place.mount_point + place.own;
    const std::string why = enable_for_children(parent, group.controllers);
    if (!why.empty()) fail(why);
    group.dir = parent + group.dir;
    make_dir(group.dir);
  } else {
    make_v2_below_some(group);
  }
  for (const auto& controller : group.controllers) {
    if (v1 && controller == "cpuset") inherit_cpuset(parent_of(group.dir), group.dir);
    for (const auto& setting : settings_of(controller, limits, place.version).settings) {
      write_setting(group.dir, setting);
    }
  }
}

/// A cgroup that holds processes, as ours does, can mostly not hand controllers on; one above it
/// may.
void StepCgroup::make_v2_below_some(Group& group) {
  std::string why;
  for (std::string own = group.place.own;; own = parent_of(own)) {
    const std::string parent = group.place.mount_point + own;
    std::string refusal = enable_for_children(parent, group.controllers);
    if (refusal.empty()) remove_leftovers(parent);
    if (refusal.empty() && ::mkdir((parent + group.dir).c_str(), 0755) == 0) {
      group.dir = parent + group.dir;
      made_.push_back(group.dir);
      return;
    }
    if (refusal.empty()) refusal = base::SystemError("make cgroup", parent + group.dir).what();
    why += (why.empty() ? "" : "; ") + refusal;
    if (!own.empty()) continue;
    fail("no cgroup for limits of " + base::join(group.controllers, ", ") + ": " + why,
         hint_for_place(group.place, group.controllers));
  }
}

/// Makes what is missing of a parent that was asked for, down from the mount's root.
void StepCgroup::make_parents(const CgroupPlace& place,
                              const std::vector<std::string>& controllers) {
  std::string dir = place.mount_point;
  for (const auto name : base::split(std::string_view(place.own).substr(1), '/')) {
    const std::string above = dir;
    dir += "/" + std::string(name);
    // Handed down as far as may be; what is missing in the end is an error there.
    if (place.version == CgroupVersion::v2) enable_for_children(above, controllers);
    if (::access(dir.c_str(), F_OK) == 0) continue;
    make_dir(dir);
    if (::access((dir + "/cpuset.mems").c_str(), F_OK) == 0 && place.version == CgroupVersion::v1) {
      inherit_cpuset(above, dir);
    }
  }
}

void StepCgroup::make_dir(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0) fail(base::SystemError("make cgroup", path).what());
  made_.push_back(path);
}

void StepCgroup::remove_all() noexcept {
  constexpr timespec kPause{0, 1000000};
  constexpr int kTries = 200;  // the last process leaves its cgroup a moment after its end
  for (; !made_.empty(); made_.pop_back()) {
    for (int tries = 0; ::rmdir(made_.back().c_str()) != 0 && errno == EBUSY && tries < kTries;
         ++tries) {
      ::nanosleep(&kPause, nullptr);
    }
  }
}

}  // namespace ibuild::sandbox
