#include "builder/cdi/cdi_registry.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"

namespace ibuild::builder {

namespace {

constexpr std::uint64_t kMaxFileBytes = 8 << 20;
constexpr const char* kGroupAnnotation = "org.mobyproject.buildkit.device.class";

/// None: there twice.
using Devices = std::map<std::string, std::optional<CdiDevice>>;

bool is_description(std::string_view name) {
  return name.ends_with(".json") || name.ends_with(".yaml") || name.ends_with(".yml");
}

std::vector<std::string> description_names(const std::string& directory) {
  std::vector<std::string> names;
  try {
    for (const auto& entry : base::list_dir(base::DirFd::open(directory))) {
      if (is_description(entry.name)) names.push_back(entry.name);
    }
  } catch (const base::SystemError& error) {
    if (error.error_number() != ENOENT && error.error_number() != ENOTDIR) throw;
  }
  std::sort(names.begin(), names.end());
  return names;
}

Devices read_directory(const std::string& directory) {
  Devices devices;
  for (const auto& name : description_names(directory)) {
    std::string path = directory;
    path.append("/").append(name);
    const auto text = base::try_read_host_file(path, kMaxFileBytes);
    if (!text) continue;
    try {
      for (auto& device : parse_cdi_file(*text)) {
        const std::string key = device.name;
        const auto [place, is_new] = devices.emplace(key, std::move(device));
        if (!is_new) place->second.reset();
      }
    } catch (base::Error& error) {
      error.add_context("description of devices " + base::printable(path));
      throw;
    }
  }
  return devices;
}

}  // namespace

std::vector<std::string> default_cdi_directories() {
  return {"/etc/cdi", "/var/run/cdi", "/etc/buildkit/cdi"};
}

CdiRegistry::CdiRegistry(const std::vector<std::string>& directories) {
  Devices all;
  for (const auto& directory : directories) {
    for (auto& [name, device] : read_directory(directory)) all[name] = std::move(device);
  }
  for (auto& [name, device] : all) {
    if (device) devices_.push_back(*std::move(device));
  }
}

std::vector<CdiDevice> CdiRegistry::find(const std::string& wanted) const {
  if (!is_cdi_name(wanted)) {
    throw base::UsageError("device " + base::printable(wanted) +
                           ": its name must be vendor/class or vendor/class=name");
  }
  const auto equals = wanted.find('=');
  const std::string kind = wanted.substr(0, equals);
  const std::string name = equals == std::string::npos ? "" : wanted.substr(equals + 1);
  std::vector<CdiDevice> found;
  std::vector<CdiDevice> group;
  for (const auto& device : devices_) {
    if (device.kind() != kind) continue;
    if (device.name == wanted) return {device};
    if (name == "*" || (name.empty() && found.empty())) found.push_back(device);
    const auto annotation = device.annotations.find(kGroupAnnotation);
    if (annotation != device.annotations.end() && annotation->second == name)
      group.push_back(device);
  }
  return found.empty() ? group : found;
}

std::vector<std::string> CdiRegistry::names() const {
  std::vector<std::string> names;
  for (const auto& device : devices_) names.push_back(device.name);
  return names;
}

}  // namespace ibuild::builder
