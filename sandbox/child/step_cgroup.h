#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/cgroup_settings.h"

namespace ibuild::sandbox {

/// What a process sees of cgroups: /proc/self/mountinfo and /proc/self/cgroup.
struct CgroupView {
  std::string mountinfo;
  std::string cgroup;
  /// Throws: SystemError.
  static CgroupView of_this_process();
};

/// How often the kernel has killed a process of a cgroup for lack of memory.
class OomCounter {
 public:
  /// Of this process' own cgroup. One that cannot be read counts nothing.
  static OomCounter of_own_cgroup();
  OomCounter(std::string file, std::string key);
  /// The same one, counting from now on. To find its file takes longer.
  OomCounter from_now() const { return {file_, key_}; }
  /// Whether it has happened since this object was made.
  bool has_grown() const;

 private:
  std::uint64_t count() const;

  std::string file_;
  std::string key_;
  std::uint64_t before_ = 0;
};

/// The cgroups that limit a step: one in each hierarchy that it takes, below ours or below the
/// parent that was asked for. The destructor removes them, and the parents that were made.
/// Thread: the supervisor's.
class StepCgroup {
 public:
  /// Makes them for the process `step` and sets the limits. Throws: SandboxError naming what cannot
  /// be set and what is missing; nothing is left behind then.
  StepCgroup(const ResourceLimits& limits, pid_t step,
             const CgroupView& view = CgroupView::of_this_process());
  StepCgroup(const StepCgroup&) = delete;
  StepCgroup& operator=(const StepCgroup&) = delete;
  ~StepCgroup();
  /// Moves the step in. Throws: SandboxError.
  void enter() const;
  /// That of the step alone; none when its memory is not limited.
  const std::optional<OomCounter>& oom() const { return oom_; }

 private:
  struct Group {
    CgroupPlace place;
    std::vector<std::string> controllers;
    std::string dir;
  };
  static std::vector<Group> find_plain_groups(const ResourceLimits& limits, const CgroupView& view);
  static std::vector<Group> find_groups(const ResourceLimits& limits, const CgroupView& view);
  void make(Group& group, const ResourceLimits& limits);
  void make_v2_below_some(Group& group);
  void make_parents(const CgroupPlace& place, const std::vector<std::string>& controllers);
  void make_dir(const std::string& path);
  void remove_all() noexcept;

  const std::string step_;
  std::vector<std::string> groups_;
  std::vector<std::string> made_;  // directories, parents first
  std::optional<OomCounter> oom_;
};

}  // namespace ibuild::sandbox
