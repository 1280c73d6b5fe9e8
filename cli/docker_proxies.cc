#include "cli/docker_proxies.h"

#include <unistd.h>

#include "base/fs_at.h"
#include "base/text.h"
#include "registry/auth/docker_config.h"

namespace ibuild::cli {

void take_docker_proxies(const std::string& config_dir, builder::BuildRequest& request) {
  if (config_dir.empty()) return;
  const std::string path = config_dir + "/config.json";
  if (::access(path.c_str(), R_OK) != 0) return;
  const registry::DockerConfig config(base::read_host_file(path, registry::DockerConfig::kMaxBytes),
                                      path);
  auto& arguments = request.build_args;
  for (const auto& [upper, value] : config.default_proxies()) {
    const std::string lower = base::to_lower(upper);
    if (arguments.contains(upper) || arguments.contains(lower)) continue;
    arguments[upper] = value;
    arguments[lower] = value;
  }
}

}  // namespace ibuild::cli
