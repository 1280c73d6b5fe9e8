#include "builder/ops/run_devices.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "builder/cdi/cdi_registry.h"

namespace ibuild::builder {

namespace {

bool holds(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

base::UsageError unknown_device(const std::string& name, const CdiRegistry& registry,
                                const std::vector<std::string>& directories) {
  base::UsageError error("device " + base::printable(name) + " is not described in " +
                         base::join(directories, ", "));
  const auto names = registry.names();
  error.set_hint(names.empty() ? "there is no description of a device (CDI) on this machine"
                               : "there are " + base::printable(base::join(names, ", ")));
  return error;
}

struct HostFile {
  base::UniqueFd fd;
  struct stat info {};
};

HostFile open_host_file(const std::string& path, const char* what) {
  HostFile file{base::UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC))};
  if (!file.fd) throw base::SystemError(what, path);
  if (::fstat(file.fd.get(), &file.info) != 0) throw base::SystemError("stat", path);
  return file;
}

bool is_allowed(const CdiDevice& device, const std::string& wanted, const Allowances& allowed) {
  return allowed.all_devices || device.is_allowed_to_all() || holds(allowed.devices, device.name) ||
         holds(allowed.devices, device.kind()) || holds(allowed.devices, wanted);
}

}  // namespace

RunDevices::RunDevices(const std::vector<StepDevice>& devices,
                       const std::vector<std::string>& directories) {
  std::optional<CdiRegistry> registry;
  for (const StepDevice& device : devices) {
    if (device.cdi_name.empty()) {
      add_node(device.path, device.target);
      continue;
    }
    if (!registry) registry.emplace(directories);
    const auto found = registry->find(device.cdi_name);
    if (found.empty()) throw unknown_device(device.cdi_name, *registry, directories);
    for (const auto& described : found) add_described(described);
  }
}

void RunDevices::add_requested(const std::vector<parser::Device>& wanted,
                               const BuildRequest& request,
                               const std::function<void(const std::string&)>& warn) {
  if (wanted.empty()) return;
  const CdiRegistry registry(request.cdi_directories);
  for (const auto& device : wanted) {
    const auto found = registry.find(device.name);
    if (found.empty()) {
      const auto error = unknown_device(device.name, registry, request.cdi_directories);
      if (device.required) throw error;
      warn(std::string(error.what()) + "; the step runs without it");
    }
    for (const auto& described : found) {
      if (!is_allowed(described, device.name, request.allowed)) {
        base::UsageError error("device " + base::printable(described.name) + " is not allowed");
        error.set_hint("build with --allow device=" + base::printable(described.name) +
                       " when you trust the Dockerfile with it");
        throw error;
      }
      add_described(described);
    }
  }
}

void RunDevices::add_described(const CdiDevice& device) {
  if (holds(described_, device.name)) return;
  if (!device.edits.unsupported.empty()) {
    throw base::UsageError("device " + base::printable(device.name) +
                           " cannot be given: its description asks for what is not supported: " +
                           base::printable(base::join(device.edits.unsupported, ", ")));
  }
  described_.push_back(device.name);
  for (const auto& node : device.edits.nodes) add_node(node.host_path, node.target);
  for (const auto& mount : device.edits.mounts) add_mount(mount);
  for (const auto& hook : device.edits.hooks) {
    // What a description says of all its devices is done once.
    if (std::find(hooks_.begin(), hooks_.end(), hook) == hooks_.end()) hooks_.push_back(hook);
  }
  env_.insert(env_.end(), device.edits.env.begin(), device.edits.env.end());
  for (const auto gid : device.edits.additional_gids) additional_gids_.push_back(gid);
}

void RunDevices::add_node(const std::string& path, const std::string& target) {
  HostFile file = open_host_file(path, "open device");
  if (!S_ISCHR(file.info.st_mode) && !S_ISBLK(file.info.st_mode))
    throw base::UsageError("--device " + base::printable(path) + ": it is no device");
  sandbox::MountSpec mount;
  mount.target = base::RelPath::clean(target);
  mount.source_is_directory = false;
  bind(std::move(file.fd), std::move(mount));
}

void RunDevices::add_mount(const CdiMount& described) {
  HostFile file = open_host_file(described.host_path, "open for a device");
  sandbox::MountSpec mount;
  mount.target = base::RelPath::clean(described.target);
  mount.source_is_directory = S_ISDIR(file.info.st_mode);
  mount.read_only = described.read_only;
  mount.ignores_setuid = described.ignores_setuid;
  bind(std::move(file.fd), std::move(mount));
}

void RunDevices::bind(base::UniqueFd fd, sandbox::MountSpec mount) {
  mount.source_fd = fd.get();
  mounts_.push_back(std::move(mount));
  fds_.push_back(std::move(fd));
}

void RunDevices::add_to(sandbox::SandboxSpec& spec) const {
  spec.mounts.insert(spec.mounts.end(), mounts_.begin(), mounts_.end());
  spec.hooks.insert(spec.hooks.end(), hooks_.begin(), hooks_.end());
  for (const auto& variable : env_) {
    const std::string start = variable.substr(0, variable.find('=') + 1);
    std::erase_if(spec.env, [&](const std::string& entry) { return entry.starts_with(start); });
    spec.env.push_back(variable);
  }
  for (const auto gid : additional_gids_) {
    const auto& gids = spec.additional_gids;
    if (std::find(gids.begin(), gids.end(), gid) == gids.end()) spec.additional_gids.push_back(gid);
  }
}

}  // namespace ibuild::builder
