#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>

#include "base/unique_fd.h"

namespace ibuild::sandbox {

/// The mounts that a step sees. Those of its first process are known before any of its programs
/// runs; a process with another root does not see them all.
class StepMounts {
 public:
  /// Adds those that process `pid` sees.
  void add_of(pid_t pid);
  /// Whether an open file lies on one of them. Throws: SystemError.
  bool hold(int fd) const;

 private:
  std::set<std::uint64_t> ids_;
};

/// A process of a step that waits for the answer to a system call, as it looks from outside. That
/// it still waits is for others to find out: what was read here may be of a process that has got
/// its number. All throw SystemError with what the call should fail with.
class Task {
 public:
  /// `tid` in this process' pid namespace.
  Task(pid_t tid, StepMounts& mounts) : tid_(tid), mounts_(mounts) {}

  /// A path in its memory: ended by a zero, at most PATH_MAX bytes. EFAULT, ENAMETOOLONG.
  std::string read_path(std::uint64_t address) const;
  /// EFAULT.
  void read(std::uint64_t address, std::span<std::byte> into) const;
  /// Its memory, to be written by pwrite(2). EFAULT.
  base::UniqueFd open_memory() const;

  /// O_PATH. A step's root is never left by walking up, as nothing lies above.
  base::UniqueFd open_root() const { return open_link("root"); }
  base::UniqueFd open_working_dir() const { return open_link("cwd"); }
  /// EBADF. Never AT_FDCWD.
  base::UniqueFd open_fd(int number) const;
  /// Where what it has open stood when it was opened, as the step's first process sees it, or some
  /// other text: to be looked at, not to be trusted. EBADF.
  std::string path_of_fd(int number) const;

  mode_t umask() const;
  /// Its number in the innermost pid namespace; that of its process and its own.
  struct InnerIds {
    std::string process;
    std::string thread;
  };
  InnerIds inner_ids() const;
  /// Whether an open file lies on a mount of the step's: nothing else is changed. What a step has
  /// from elsewhere, like its standard output, does not.
  bool is_in_world(int fd) const;

  /// The number of the process' credentials. It lies in a resource limit: the kernel hands that on
  /// through fork and exec, and nobody else needs the one for real-time work.
  std::size_t credentials_number() const;
  void set_credentials_number(std::size_t number) const;
  /// What that limit would be if no number lay in it.
  std::uint64_t limit_of_number() const;

 private:
  std::string dir() const { return "/proc/" + std::to_string(tid_) + "/"; }
  base::UniqueFd open_link(const char* name) const;
  std::string status_field(std::string_view name) const;

  pid_t tid_;
  StepMounts& mounts_;
};

/// Throws: SandboxError with a hint when this process may not read the memory of `child`, as a
/// keeper does. Requires: `child` was forked from this process and runs no other program yet.
void require_readable_memory(pid_t child);

/// Makes the number of the calling process' credentials 0.
void start_credentials_numbers();

}  // namespace ibuild::sandbox
