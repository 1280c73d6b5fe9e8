// registry_options_from_environment of registry/registry_client.h.
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "registry/http/proxy.h"
#include "registry/registry_client.h"

namespace ibuild::registry {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// $XDG_CONFIG_HOME or ~/.config; empty without a home.
std::string user_config_dir(const std::string& home) {
  std::string dir = environment("XDG_CONFIG_HOME");
  if (!dir.empty()) return dir;
  return home.empty() ? "" : home + "/.config";
}

/// See: containers-registries.conf(5), "FILES" and the variables of podman(1).
void choose_registries_conf(const std::string& config_dir, RegistryOptions& options) {
  options.registries_conf = environment("CONTAINERS_REGISTRIES_CONF");
  if (!options.registries_conf.empty()) {  // named by the user: nothing of the system is mixed in
    const std::string drop_ins = environment("CONTAINERS_REGISTRIES_CONF_DIR");
    if (!drop_ins.empty()) options.registries_conf_dirs = {drop_ins};
    return;
  }
  options.registries_conf = "/etc/containers/registries.conf";
  options.registries_conf_dirs = {"/etc/containers/registries.conf.d"};
  if (config_dir.empty()) return;
  const std::string own = config_dir + "/containers/registries.conf";
  if (exists(own)) {
    options.registries_conf = own;
    options.registries_conf_dirs.clear();
  }
  options.registries_conf_dirs.push_back(own + ".d");
}

/// Where podman records what its user has chosen for a short name.
std::string recorded_aliases(const std::string& home, std::uint32_t user_id) {
  constexpr const char* kName = "/containers/short-name-aliases.conf";
  if (user_id == 0) return std::string("/var/cache") + kName;
  const std::string dir = environment("XDG_CACHE_HOME");
  if (!dir.empty()) return dir + kName;
  return home.empty() ? "" : home + "/.cache" + kName;
}

/// Podman's, containerd's and Docker's. hosts.toml is read where containerd (and nerdctl) or Docker
/// reads it, the user's own before the system's; the user's are those of the rootless ones.
void choose_certs_dirs(const std::string& home, const std::string& config_dir,
                       RegistryOptions& options) {
  const auto add_family = [&](const std::string& base_dir) {
    options.certs_dirs.push_back(base_dir + "/containers/certs.d");
    for (const char* name : {"/containerd/certs.d", "/docker/certs.d"}) {
      options.certs_dirs.push_back(base_dir + name);
      options.hosts_dirs.push_back(base_dir + name);
    }
  };
  if (!config_dir.empty()) add_family(config_dir);
  if (!home.empty()) options.certs_dirs.push_back(home + "/.docker/certs.d");
  add_family("/etc");
}

}  // namespace

RegistryOptions registry_options_from_environment(std::uint32_t user_id) {
  const std::string home = environment("HOME");
  const std::string config_dir = user_config_dir(home);
  RegistryOptions options;

  options.docker_config_dir = environment("DOCKER_CONFIG");
  if (options.docker_config_dir.empty() && !home.empty())
    options.docker_config_dir = home + "/.docker";
  options.docker_auth_config = environment("DOCKER_AUTH_CONFIG");
  options.explicit_auth_file = environment("REGISTRY_AUTH_FILE");
  const std::string runtime_dir = environment("XDG_RUNTIME_DIR");
  options.auth_files.push_back(runtime_dir.empty()
                                   ? "/run/containers/" + std::to_string(user_id) + "/auth.json"
                                   : runtime_dir + "/containers/auth.json");
  if (!config_dir.empty()) options.auth_files.push_back(config_dir + "/containers/auth.json");
  if (!home.empty()) options.auth_files.push_back(home + "/.dockercfg");
  choose_certs_dirs(home, config_dir, options);

  choose_registries_conf(config_dir, options);
  options.recorded_aliases = recorded_aliases(home, user_id);
  const ProxySettings proxies = proxy_settings_from_environment();
  options.http_proxy = proxies.http_proxy;
  options.https_proxy = proxies.https_proxy;
  options.no_proxy = proxies.no_proxy;
  return options;
}

}  // namespace ibuild::registry
