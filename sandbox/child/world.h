#pragma once

#include <cstdint>
#include <vector>

#include "base/fs_at.h"
#include "base/unique_fd.h"
#include "sandbox/channel.h"
#include "sandbox/child/mounts.h"
#include "sandbox/child/step_context.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// The spec's root and mount sources as detached mounts, in the order of the spec.
struct MountSources {
  base::UniqueFd root;
  std::vector<base::UniqueFd> mounts;  // invalid for what is no bind mount; for a part of a
                                       // detached mount the whole of it
};
/// Requires: still in the mount namespace to which the spec's descriptors belong; the kernel clones
/// no mount of another one. Throws: SandboxError.
MountSources take_sources(const SandboxSpec& spec);

/// What the parts of the set-up work on.
struct World {
  const SandboxSpec& spec;
  const StepContext& context;
  base::DirFd scratch;  // a small tmpfs below the step's root, out of its reach: what is bound into
                        // the root starts here
  base::DirFd root;     // the step's root mount
};

/// Puts this process into new mount, ipc, uts, cgroup and (for all but `host`) network namespaces.
/// `aid`: the line to the supervisor, which connects a network of the step's own.
void enter_namespaces(const SandboxSpec& spec, const Channel& aid);
/// Builds the step's tree of mounts and makes its root the root of this process.
/// Hooks see it before its root is that of this process. Requires: enter_namespaces. Throws:
/// SandboxError.
void build_world(const SandboxSpec& spec, const StepContext& context, MountSources sources,
                 const Channel& aid);

/// The options of a file system in memory, which is labelled as the spec says.
std::vector<MountOption> labelled(const SandboxSpec& spec, std::vector<MountOption> options);

// The parts, in their order.
void mount_network_files(const World& world);
void mount_proc(const World& world);
void mount_dev(const World& world);
void mount_sys(const World& world);
void mount_cgroup(const World& world);
void mount_extras(const World& world, const MountSources& sources);
/// Hides and write-protects what Docker does below /proc and /sys.
void mask_paths(const World& world);

}  // namespace ibuild::sandbox
