#pragma once

#include <sys/stat.h>

#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "base/fs_at.h"
#include "base/unique_fd.h"
#include "sandbox/path_maker.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// The mounts of a spec, those nearer to the root first, else in the spec's order.
std::vector<const MountSpec*> mounts_in_order(const SandboxSpec& spec);

/// The mount points that a step needs and its root lacks: empty files and directories, made for the
/// step and taken away after it. /proc, /dev and /sys stay, as they do in images that BuildKit
/// makes of a base without them. All goes through descriptors of directories inside the root, so
/// that nothing the step does can lead the clean-up elsewhere.
class MountPoints {
 public:
  /// Makes them. A place below another mount is left to the child, which sees that mount.
  /// Throws: SandboxError{"make mount points"}; nothing made for the step is left then.
  explicit MountPoints(const SandboxSpec& spec);
  MountPoints(const MountPoints&) = delete;
  MountPoints& operator=(const MountPoints&) = delete;
  ~MountPoints();

  /// Removes what was made and is still as it was made: what the step replaced or filled stays.
  /// Directories in which only the stub came and went get their times back. Only once. Throws:
  /// SandboxError{"remove mount points"}.
  void remove();

 private:
  struct Stub {
    base::UniqueFd parent;
    std::string name;
    LeafKind kind;
    struct stat made;
  };
  /// A directory in which a stub was made.
  struct Parent {
    base::UniqueFd fd;
    struct stat before;
    timespec changed;  // its mtime after the last stub was made
  };

  MountPoints() = default;
  void make_all(const base::DirFd& root, const SandboxSpec& spec);
  enum class Lifetime { step, lasting };
  std::optional<base::RelPath> make(const base::DirFd& root, const base::RelPath& target,
                                    LeafKind kind, Lifetime lifetime);
  void make_stub(const MissingName& missing, Lifetime lifetime);
  Parent& remember_parent(int fd);
  void remove_stub(const Stub& stub) const;

  std::vector<base::RelPath> covered_;  // by other mounts when the next one is made; without links
  std::vector<Stub> stubs_;
  std::vector<Parent> parents_;
};

}  // namespace ibuild::sandbox
