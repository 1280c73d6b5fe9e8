#include "cli/container_spec.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/rel_path.h"
#include "base/text.h"
#include "cli/add_host.h"
#include "cli/byte_size.h"
#include "cli/device.h"
#include "cli/ulimit.h"
#include "sandbox/network_files.h"

namespace ibuild::cli {

namespace {

std::vector<std::string> container_env(const RunOptions& options,
                                       const image::RuntimeConfig& config,
                                       const std::string& home) {
  image::RuntimeConfig result;
  result.env = config.env;
  if (!result.env_value("PATH")) result.set_env("PATH", image::kDefaultPath);
  if (!result.env_value("HOME")) result.set_env("HOME", home);
  const char* term = std::getenv("TERM");
  if (term != nullptr && isatty(STDIN_FILENO) == 1) result.set_env("TERM", term);
  for (const auto& text : options.env) {
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    if (name.empty()) throw base::UsageError("--env " + base::printable(text) + " has no name");
    const char* inherited = equals == std::string::npos ? std::getenv(name.c_str()) : nullptr;
    if (equals != std::string::npos) {
      result.set_env(name, text.substr(equals + 1));
    } else if (inherited != nullptr) {
      result.set_env(name, inherited);
    }
  }
  return result.env;
}

std::string host_name(const RunOptions& options) {
  if (!options.hostname.empty()) return options.hostname;
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

std::vector<std::pair<std::string, std::string>> extra_hosts(const RunOptions& options) {
  std::vector<std::pair<std::string, std::string>> hosts;
  for (const auto& text : options.add_hosts) {
    const auto host = parse_add_host(text);
    const auto colon = host.find(':');
    const auto address = host.substr(colon + 1);
    hosts.emplace_back(host.substr(0, colon), address == "host-gateway" ? "127.0.0.1" : address);
  }
  return hosts;
}

void add_volume(const Volume& volume, ContainerSpec& container) {
  base::UniqueFd fd(open(volume.source.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) throw base::SystemError("open volume", volume.source);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) throw base::SystemError("stat volume", volume.source);
  sandbox::MountSpec mount;
  mount.target = base::RelPath::clean(volume.target);
  mount.source_fd = fd.get();
  mount.source_is_directory = S_ISDIR(info.st_mode);
  mount.read_only = volume.read_only;
  container.volumes.push_back(std::move(mount));
  container.volume_fds.push_back(std::move(fd));
}

void open_devices(const RunOptions& options, ContainerSpec& container) {
  std::vector<builder::StepDevice> devices;
  for (const auto& text : options.devices) devices.push_back(parse_device(text));
  container.devices =
      std::make_unique<builder::RunDevices>(devices, cdi_directories(options.cdi_directories));
}

/// As far as that can be known without the files of the image.
void check_user(const std::string& user) {
  const auto refuse = [&](const std::string& why) {
    return base::UsageError("--user " + base::printable(user) + ": " + why);
  };
  const auto parts = base::split(user, ':');
  if (parts.size() > 2) throw refuse("write USER or USER:GROUP");
  for (const auto part : parts) {
    const bool is_number =
        !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    const auto id = base::parse_u64(part);
    if (is_number && (!id || *id >= 0xffffffffU))
      throw refuse("there are no numbers above 4294967294");
  }
}

void set_network(const RunOptions& options, sandbox::SandboxSpec& spec) {
  spec.network = options.network == "none"      ? sandbox::NetworkMode::none
                 : options.network == "private" ? sandbox::NetworkMode::own
                                                : sandbox::NetworkMode::host;
  spec.hostname = host_name(options);
  spec.resolv_conf = sandbox::make_resolv_conf(spec.network);
  spec.hosts = sandbox::make_hosts(spec.hostname, extra_hosts(options));
}

}  // namespace

std::vector<std::string> container_command(const RunOptions& options,
                                           const image::RuntimeConfig& config) {
  std::vector<std::string> argv;
  const std::vector<std::string> given(options.command.begin() + 1, options.command.end());
  if (options.entrypoint) {
    if (!options.entrypoint->empty()) argv.push_back(*options.entrypoint);
  } else {
    argv = config.entrypoint.value_or(std::vector<std::string>{});
  }
  const auto image_command = options.entrypoint ? std::vector<std::string>{}
                                                : config.cmd.value_or(std::vector<std::string>{});
  const auto& rest = given.empty() ? image_command : given;
  argv.insert(argv.end(), rest.begin(), rest.end());
  if (argv.empty()) {
    base::UsageError error("the image has neither ENTRYPOINT nor CMD: nothing to run");
    error.set_hint("name a command after the image");
    throw error;
  }
  return argv;
}

ContainerSpec prepare_container(const RunOptions& options) {
  ContainerSpec container;
  auto& spec = container.spec;
  check_user(options.user);
  (void)container_env(options, {}, "/");
  spec.stdio = sandbox::StdioMode::inherited;
  spec.root_read_only = options.read_only;
  set_network(options, spec);
  if (!options.shm_size.empty())
    spec.shm_size_bytes = parse_byte_size("--shm-size", options.shm_size);
  for (const auto& limit : options.ulimits) spec.rlimits.push_back(parse_ulimit(limit));
  spec.resources = options.resources.limits();
  const auto security = options.security.settings(SecurityOptions::Others::refused);
  spec.no_new_privileges = security.no_new_privileges;
  spec.labels = security.labels;
  open_devices(options, container);
  for (const auto& volume : options.volumes) add_volume(parse_volume(volume), container);
  return container;
}

void take_image(const RunOptions& options, const image::RuntimeConfig& config,
                const builder::UserLookup& users, ContainerSpec& container) {
  auto& spec = container.spec;
  const auto user = users.find_step_user(options.user.empty() ? config.user : options.user);
  spec.argv = container_command(options, config);
  spec.env = container_env(options, config, user.home);
  spec.working_dir = options.working_dir.empty() ? config.working_dir : options.working_dir;
  if (spec.working_dir.empty()) spec.working_dir = "/";
  spec.uid = user.uid;
  spec.gid = user.gid;
  spec.additional_gids = user.additional_gids;
  container.devices->add_to(spec);
  spec.mounts.insert(spec.mounts.end(), container.volumes.begin(), container.volumes.end());
}

}  // namespace ibuild::cli
