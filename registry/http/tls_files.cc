#include "registry/http/tls_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/fs_at.h"

namespace ibuild::registry {

namespace {

/// The directory for a host; none when there is none or it may not be read.
std::optional<base::DirFd> try_open_dir(const std::string& path) {
  if (::access(path.c_str(), R_OK | X_OK) != 0) return std::nullopt;
  return base::DirFd::open(path);
}

std::string below(const std::string& directory, const std::string& name) {
  return directory + "/" + name;
}

[[noreturn]] void refuse_without_key(const std::string& certificate, const std::string& key) {
  throw base::UsageError(certificate + ": its key " + key + " cannot be read");
}

TlsFiles read_certs_dir(const base::DirFd& dir) {
  TlsFiles files;
  for (const base::DirEntry& entry : base::list_dir(dir)) {
    const std::string path = below(dir.shown_as(), entry.name);
    if (path.ends_with(".crt")) files.ca_files.push_back(path);
    if (!path.ends_with(".cert")) continue;
    const std::string key = path.substr(0, path.size() - 5) + ".key";
    if (::access(key.c_str(), R_OK) != 0) refuse_without_key(path, key);
    files.client_pairs.push_back({path, key});
  }
  return files;
}

/// Whether there is a hosts.toml with something in it.
bool has_hosts_file(const std::string& folder) {
  struct stat status {};
  return ::stat((folder + "/hosts.toml").c_str(), &status) == 0 && status.st_size > 0;
}

}  // namespace

std::vector<std::string> folder_names(const std::string& host_port) {
  if (host_port.empty() || host_port.find('/') != std::string::npos || host_port.starts_with('.'))
    return {};
  std::vector<std::string> names = {host_port};
  const std::size_t colon = host_port.rfind(':');
  const bool has_port = colon != std::string::npos && colon > 0 && !host_port.ends_with(']');
  if (has_port) {
    names.insert(names.begin(),
                 host_port.substr(0, colon) + "_" + host_port.substr(colon + 1) + "_");
  }
  return names;
}

TlsFiles find_tls_files(const CertsDirs& dirs, const std::string& host_port) {
  if (!dirs.for_every_host.empty()) return read_certs_dir(base::DirFd::open(dirs.for_every_host));
  const std::vector<std::string> names = folder_names(host_port);
  for (const std::string& parent : dirs.all) {
    const auto& with_hosts = dirs.with_hosts_files;
    const bool may_be_told = std::ranges::find(with_hosts, parent) != with_hosts.end();
    for (const std::string& name : names) {
      const std::string path = below(parent, name);
      const auto dir = try_open_dir(path);
      if (dir && !(may_be_told && has_hosts_file(path))) return read_certs_dir(*dir);
    }
  }
  return {};
}

}  // namespace ibuild::registry
