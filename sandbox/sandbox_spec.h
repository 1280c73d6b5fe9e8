#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/owner_record.h"
#include "base/rel_path.h"

namespace ibuild::sandbox {

/// `own`: a network of the step's own whose traffic goes out through pasta(1) as that of this
/// process. The host's loopback is not reached; what listens on other addresses of the host is as
/// near as any machine.
enum class NetworkMode { host, none, own };
/// `captured`: stdin is /dev/null, stdout and stderr go to the observer. `inherited`: the caller's
/// own 0, 1, 2 (ibuild run).
enum class StdioMode { captured, inherited };

/// Something mounted into the step's root on top of the standard set. Targets are resolved inside
/// the root; a missing mount point is made before the step and taken away after it.
struct MountSpec {
  /// `file`: a private copy in memory of what `source_fd` holds (secrets), with mode and owner as
  /// given; without an x bit in the mode it cannot be run either.
  enum class Kind { bind, tmpfs, file };
  Kind kind = Kind::bind;
  base::RelPath target;
  int source_fd = -1;  // the caller's, open until run() returns; bind: O_PATH, file: readable
  bool source_is_directory = true;
  bool source_is_detached_mount = false;  // fsmount/open_tree(CLONE) descriptor: attached as it is
  int source_tree_fd = -1;  // bind: the detached mount that source_fd is a part of, when it is one
  bool source_is_ours = false;  // may be moved about while the step runs, and changed by it
  bool read_only = false;
  bool ignores_setuid = false;   // programs in it run without the rights of their owners
  std::uint64_t size_bytes = 0;  // tmpfs; 0 = the kernel's default
  std::uint32_t mode = 0755;     // tmpfs root, file
  std::uint32_t uid = 0;         // file
  std::uint32_t gid = 0;
  bool operator==(const MountSpec&) const = default;
};

struct Rlimit {
  int resource;  // RLIMIT_…
  std::uint64_t soft;
  std::uint64_t hard;
  bool operator==(const Rlimit&) const = default;
};

/// What a step may use; zero or empty: no limit of ours.
struct ResourceLimits {
  std::uint64_t memory_bytes = 0;
  std::int64_t memory_and_swap_bytes = 0;  // -1: swap without limit
  std::uint64_t cpu_period_us = 0;
  std::int64_t cpu_quota_us = 0;  // of processor time in each period; -1: no limit
  std::uint64_t cpu_shares = 0;   // weight against others; 1024 is the usual one
  std::string cpuset_cpus;        // "0-2,7"
  std::string cpuset_mems;
  std::string cgroup_parent;  // "/name/…" below the hierarchies' roots; empty: ours
  bool operator==(const ResourceLimits&) const = default;
};

/// What security modules of the kernel hold a step to. Empty: it keeps the label of ibuild itself.
struct SecurityLabels {
  std::string apparmor_profile;  // "unconfined" is one
  std::string selinux_process;   // "user:role:type:level"
  std::string selinux_files;     // of file systems in memory that are made for the step
  bool operator==(const SecurityLabels&) const = default;
};

/// A program that has a part in making a step, as runtimes of containers run them.
/// See: runtime-spec, config.md, "POSIX-platform Hooks"
struct Hook {
  /// Where its path is looked up and its namespaces are: this process's; the step's with the files
  /// of this machine; the step's, as the step's user.
  enum class When { create_runtime, create_container, start_container };
  When when = When::create_container;
  std::string path;
  std::vector<std::string> args;    // from argv[0] on; empty: the path
  std::vector<std::string> env;     // "K=V", complete
  std::chrono::seconds timeout{0};  // 0: none
  bool operator==(const Hook&) const = default;
};

/// All that decides how a process runs: plain data, printed, compared and tested as such.
struct SandboxSpec {
  int root_fd = -1;  // the caller's; O_PATH of a plain directory, or a detached mount
  bool root_is_detached_mount = false;
  bool root_read_only = false;
  std::vector<MountSpec> mounts;

  std::vector<std::string> argv;
  std::vector<std::string> env;         // "K=V", complete: nothing is inherited
  std::vector<std::string> secret_env;  // more of it, whose values are printed nowhere
  std::string working_dir = "/";        // inside the root; made (owner uid:gid, 0755) when missing
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids;
  /// Where owners are recorded: those that links and fifos of the root start with.
  std::vector<base::SpecialOwner> special_owners;

  /// Go's names ("arm64") of architectures whose programs the step may run. For those that do not
  /// run here, an emulator is found.
  std::vector<std::string> architectures;

  std::vector<Hook> hooks;  // in their order; one that fails ends the step before its program runs
  std::string bundle;       // host path of what hooks find; made by the sandbox

  NetworkMode network = NetworkMode::host;
  StdioMode stdio = StdioMode::captured;
  bool insecure = false;  // all capabilities, no filter, nothing masked (RUN --security=insecure)
  bool no_new_privileges = false;  // setuid programs and file capabilities give no rights
  SecurityLabels labels;           // not for insecure ones
  std::string hostname = "buildkitsandbox";
  std::string resolv_conf;  // content for /etc/resolv.conf; empty = none mounted
  std::string hosts;        // content for /etc/hosts; empty = none mounted
  std::uint64_t shm_size_bytes = 64 << 20;
  std::vector<Rlimit> rlimits;
  ResourceLimits resources;
  std::chrono::milliseconds timeout{0};  // 0: none

  bool operator==(const SandboxSpec&) const = default;
};

/// One line a field, for logs and goldens; values of variables that look secret are not printed.
std::string describe(const SandboxSpec& spec);

}  // namespace ibuild::sandbox
