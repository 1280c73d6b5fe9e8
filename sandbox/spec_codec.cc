#include "sandbox/spec_codec.h"

#include "base/error.h"
#include "sandbox/special_owners_codec.h"
#include "sandbox/wire.h"

namespace ibuild::sandbox {

namespace {

/// Numbers descriptors in the order in which they travel.
class FdTable {
 public:
  std::int32_t add(int fd) {
    if (fd < 0) return -1;
    fds_.push_back(fd);
    return static_cast<std::int32_t>(fds_.size() - 1);
  }
  std::vector<int> take() { return std::move(fds_); }

 private:
  std::vector<int> fds_;
};

int fd_of(WireReader& in, const std::vector<base::UniqueFd>& fds) {
  const auto index = in.number<std::int32_t>();
  if (index < 0) return -1;
  if (static_cast<std::size_t>(index) >= fds.size()) {
    throw base::ContentError("message names a descriptor that it does not carry");
  }
  return fds[static_cast<std::size_t>(index)].get();
}

void write_mount(WireWriter& out, FdTable& fds, const MountSpec& mount) {
  out.number(mount.kind);
  out.text(mount.target.str());
  out.number(fds.add(mount.source_fd));
  out.number(mount.source_is_directory);
  out.number(mount.source_is_detached_mount);
  out.number(fds.add(mount.source_tree_fd));
  out.number(mount.source_is_ours);
  out.number(mount.read_only);
  out.number(mount.ignores_setuid);
  out.number(mount.size_bytes);
  out.number(mount.mode);
  out.number(mount.uid);
  out.number(mount.gid);
}

MountSpec read_mount(WireReader& in, const std::vector<base::UniqueFd>& fds) {
  MountSpec mount;
  mount.kind = in.number<MountSpec::Kind>();
  mount.target = base::RelPath::exact(in.text());
  mount.source_fd = fd_of(in, fds);
  mount.source_is_directory = in.flag();
  mount.source_is_detached_mount = in.flag();
  mount.source_tree_fd = fd_of(in, fds);
  mount.source_is_ours = in.flag();
  mount.read_only = in.flag();
  mount.ignores_setuid = in.flag();
  mount.size_bytes = in.number<std::uint64_t>();
  mount.mode = in.number<std::uint32_t>();
  mount.uid = in.number<std::uint32_t>();
  mount.gid = in.number<std::uint32_t>();
  return mount;
}

void write_hooks(WireWriter& out, const std::vector<Hook>& hooks, const std::string& bundle) {
  out.text(bundle);
  out.number<std::uint64_t>(hooks.size());
  for (const Hook& hook : hooks) {
    out.number(hook.when);
    out.text(hook.path);
    out.texts(hook.args);
    out.texts(hook.env);
    out.number<std::int64_t>(hook.timeout.count());
  }
}

HookOrder read_hooks(WireReader& in) {
  HookOrder order;
  order.bundle = in.text();
  for (auto count = in.number<std::uint64_t>(); count > 0; --count) {
    Hook hook;
    hook.when = in.number<Hook::When>();
    hook.path = in.text();
    hook.args = in.texts();
    hook.env = in.texts();
    hook.timeout = std::chrono::seconds(in.number<std::int64_t>());
    order.hooks.push_back(std::move(hook));
  }
  return order;
}

void write_process(WireWriter& out, const SandboxSpec& spec) {
  out.texts(spec.argv);
  out.texts(spec.env);
  out.texts(spec.secret_env);
  out.text(spec.working_dir);
  out.number(spec.uid);
  out.number(spec.gid);
  out.number<std::uint64_t>(spec.additional_gids.size());
  for (std::uint32_t gid : spec.additional_gids) out.number(gid);
  write_special_owners(out, spec.special_owners);
  out.texts(spec.architectures);
  write_hooks(out, spec.hooks, spec.bundle);
  out.number<std::uint64_t>(spec.rlimits.size());
  for (const Rlimit& limit : spec.rlimits) {
    out.number(limit.resource);
    out.number(limit.soft);
    out.number(limit.hard);
  }
}

void read_process(WireReader& in, SandboxSpec& spec) {
  spec.argv = in.texts();
  spec.env = in.texts();
  spec.secret_env = in.texts();
  spec.working_dir = in.text();
  spec.uid = in.number<std::uint32_t>();
  spec.gid = in.number<std::uint32_t>();
  for (auto count = in.number<std::uint64_t>(); count > 0; --count) {
    spec.additional_gids.push_back(in.number<std::uint32_t>());
  }
  spec.special_owners = read_special_owners(in);
  spec.architectures = in.texts();
  HookOrder order = read_hooks(in);
  spec.hooks = std::move(order.hooks);
  spec.bundle = std::move(order.bundle);
  for (auto count = in.number<std::uint64_t>(); count > 0; --count) {
    Rlimit limit{};
    limit.resource = in.number<int>();
    limit.soft = in.number<std::uint64_t>();
    limit.hard = in.number<std::uint64_t>();
    spec.rlimits.push_back(limit);
  }
}

void write_resources(WireWriter& out, const ResourceLimits& limits) {
  out.number(limits.memory_bytes);
  out.number(limits.memory_and_swap_bytes);
  out.number(limits.cpu_period_us);
  out.number(limits.cpu_quota_us);
  out.number(limits.cpu_shares);
  out.text(limits.cpuset_cpus);
  out.text(limits.cpuset_mems);
  out.text(limits.cgroup_parent);
}

ResourceLimits read_resources(WireReader& in) {
  ResourceLimits limits;
  limits.memory_bytes = in.number<std::uint64_t>();
  limits.memory_and_swap_bytes = in.number<std::int64_t>();
  limits.cpu_period_us = in.number<std::uint64_t>();
  limits.cpu_quota_us = in.number<std::int64_t>();
  limits.cpu_shares = in.number<std::uint64_t>();
  limits.cpuset_cpus = in.text();
  limits.cpuset_mems = in.text();
  limits.cgroup_parent = in.text();
  return limits;
}

void write_labels(WireWriter& out, const SecurityLabels& labels) {
  out.text(labels.apparmor_profile);
  out.text(labels.selinux_process);
  out.text(labels.selinux_files);
}

SecurityLabels read_labels(WireReader& in) {
  SecurityLabels labels;
  labels.apparmor_profile = in.text();
  labels.selinux_process = in.text();
  labels.selinux_files = in.text();
  return labels;
}

void write_world(WireWriter& out, FdTable& fds, const SandboxSpec& spec) {
  out.number(fds.add(spec.root_fd));
  out.number(spec.root_is_detached_mount);
  out.number(spec.root_read_only);
  out.number<std::uint64_t>(spec.mounts.size());
  for (const MountSpec& mount : spec.mounts) write_mount(out, fds, mount);
  out.number(spec.network);
  out.number(spec.stdio);
  out.number(spec.insecure);
  out.number(spec.no_new_privileges);
  write_labels(out, spec.labels);
  out.text(spec.hostname);
  out.text(spec.resolv_conf);
  out.text(spec.hosts);
  out.number(spec.shm_size_bytes);
  write_resources(out, spec.resources);
  out.number<std::int64_t>(spec.timeout.count());
}

void read_world(WireReader& in, const std::vector<base::UniqueFd>& fds, SandboxSpec& spec) {
  spec.root_fd = fd_of(in, fds);
  spec.root_is_detached_mount = in.flag();
  spec.root_read_only = in.flag();
  for (auto count = in.number<std::uint64_t>(); count > 0; --count) {
    spec.mounts.push_back(read_mount(in, fds));
  }
  spec.network = in.number<NetworkMode>();
  spec.stdio = in.number<StdioMode>();
  spec.insecure = in.flag();
  spec.no_new_privileges = in.flag();
  spec.labels = read_labels(in);
  spec.hostname = in.text();
  spec.resolv_conf = in.text();
  spec.hosts = in.text();
  spec.shm_size_bytes = in.number<std::uint64_t>();
  spec.resources = read_resources(in);
  spec.timeout = std::chrono::milliseconds(in.number<std::int64_t>());
}

void write_emulators(WireWriter& out, FdTable& fds, const std::vector<Emulator>& emulators) {
  out.number<std::uint64_t>(emulators.size());
  for (const Emulator& emulator : emulators) {
    out.text(emulator.name);
    out.text(emulator.magic);
    out.text(emulator.mask);
    out.number(fds.add(emulator.fd));
  }
}

std::vector<Emulator> read_emulators(WireReader& in, const std::vector<base::UniqueFd>& fds) {
  std::vector<Emulator> emulators;
  for (auto count = in.number<std::uint64_t>(); count > 0; --count) {
    Emulator emulator;
    emulator.name = in.text();
    emulator.magic = in.text();
    emulator.mask = in.text();
    emulator.fd = fd_of(in, fds);
    emulators.push_back(std::move(emulator));
  }
  return emulators;
}

}  // namespace

std::string encode_resources(const ResourceLimits& limits) {
  WireWriter out;
  write_resources(out, limits);
  return out.bytes();
}

ResourceLimits decode_resources(std::string_view bytes) {
  WireReader in(bytes);
  ResourceLimits limits = read_resources(in);
  in.expect_end();
  return limits;
}

std::string encode_hooks(const HookOrder& order) {
  WireWriter out;
  write_hooks(out, order.hooks, order.bundle);
  return out.bytes();
}

HookOrder decode_hooks(std::string_view bytes) {
  WireReader in(bytes);
  HookOrder order = read_hooks(in);
  in.expect_end();
  return order;
}

EncodedSpec encode_spec(const SandboxSpec& spec, const StepStdio& stdio,
                        const std::vector<Emulator>& emulators) {
  WireWriter out;
  FdTable fds;
  for (int fd : {stdio.in, stdio.out, stdio.err}) out.number(fds.add(fd));
  write_world(out, fds, spec);
  write_process(out, spec);
  write_emulators(out, fds, emulators);
  return {out.bytes(), fds.take()};
}

ReceivedSpec decode_spec(Frame frame) {
  ReceivedSpec received;
  received.fds = std::move(frame.fds);
  WireReader in(frame.bytes);
  received.stdio.in = fd_of(in, received.fds);
  received.stdio.out = fd_of(in, received.fds);
  received.stdio.err = fd_of(in, received.fds);
  read_world(in, received.fds, received.spec);
  read_process(in, received.spec);
  received.emulators = read_emulators(in, received.fds);
  in.expect_end();
  return received;
}

}  // namespace ibuild::sandbox
