#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/fs_at.h"
#include "sandbox/mount_points.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// What takes the place of a step's mounts where nothing can be mounted: a /dev of device nodes,
/// empty /proc and /sys, files for /etc/resolv.conf and /etc/hosts, directories of ours moved in,
/// copies of files. What stood there is kept aside, in a directory beside the root, and comes back
/// after the step, whatever the step did there.
class StandIns {
 public:
  /// Puts them in. Requires: nobody uses the root meanwhile. Throws: SandboxError; the root is as
  /// it was then.
  explicit StandIns(const SandboxSpec& spec);
  StandIns(const StandIns&) = delete;
  StandIns& operator=(const StandIns&) = delete;
  ~StandIns();

  /// Takes them out again. Requires: no process of the step is left. Only once. Throws:
  /// SandboxError, SystemError.
  void remove();

 private:
  StandIns(const base::DirFd& root, const SandboxSpec& spec);
  /// A name in a directory that stays open.
  struct Place {
    base::DirFd parent;
    std::string name;
  };
  struct Swap {
    Place place;
    std::string aside;  // name of the former one in aside_
    Place origin;       // of what was moved in; no parent: it was made
    struct stat moved;  // that what was moved in
  };
  using Make = std::function<void(const Place&)>;

  Place find_place(const base::RelPath& target, bool is_directory) const;
  void swap(Place place, const Make& make);
  void put_dev();
  void put_text(const char* path, const std::string& text);
  void put_mount(const MountSpec& mount);
  void move_in(Place place, const MountSpec& mount);
  void undo(Swap& swap);
  void give_back(Swap& swap);

  base::DirFd root_;
  MountPoints mount_points_;
  base::TempDir aside_;
  std::vector<Swap> swaps_;
};

}  // namespace ibuild::sandbox
