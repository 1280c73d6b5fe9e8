#include "registry/credentials.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "registry/auth/credential_helper.h"
#include "registry/auth/docker_config.h"
#include "registry/registry_client.h"

namespace ibuild::registry {

namespace {

constexpr mode_t kSecretFileMode = 0600;
constexpr mode_t kSecretDirMode = 0700;

DockerConfig read_config(const std::string& path) {
  const auto text = base::try_read_host_file(path, DockerConfig::kMaxBytes).value_or("");
  if (path.ends_with("/.dockercfg")) return DockerConfig::from_dockercfg(text, path);
  return {text, path};
}

/// What `path` stands for: where it is a link, the file behind it is changed, not the link.
std::string behind_links(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
  return real ? std::string(real.get()) : path;
}

void write_config(const std::string& shown_path, const DockerConfig& config) {
  const std::string path = behind_links(shown_path);
  const std::size_t slash = path.rfind('/');
  const std::string dir = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  base::make_host_dirs(dir, kSecretDirMode);
  base::write_file_atomically(
      base::DirFd::open(dir),
      base::RelPath::exact(slash == std::string::npos ? path : path.substr(slash + 1)),
      config.to_json(), kSecretFileMode);
}

/// Asks the helper that `config` names for the host. What goes wrong becomes a problem: a public
/// image needs no credential.
std::optional<Credential> ask_helper(const DockerConfig& config, const std::string& host,
                                     std::vector<std::string>& problems, std::stop_token stop) {
  const std::optional<std::string> name = config.helper_for(host);
  if (!name) return std::nullopt;
  try {
    return CredentialHelper(*name).get(server_key(host), std::move(stop));
  } catch (const base::CancelledError&) {
    throw;
  } catch (const base::Error& error) {
    problems.emplace_back(error.what());
    return std::nullopt;
  }
}

/// The first hit in the files, each with its helper before its entries.
std::optional<Credential> search_file(const std::string& path, const std::string& host,
                                      const std::string& repository,
                                      std::vector<std::string>& problems, std::stop_token stop) {
  const DockerConfig config = read_config(path);
  if (auto credential = ask_helper(config, host, problems, std::move(stop))) return credential;
  return config.find(host, repository);
}

}  // namespace

CredentialStore::CredentialStore(const RegistryOptions& options)
    : docker_config_path_(
          options.docker_config_dir.empty() ? "" : options.docker_config_dir + "/config.json"),
      inline_json_(options.docker_auth_config),
      explicit_auth_file_(options.explicit_auth_file),
      auth_files_(options.auth_files) {}

std::map<std::string, std::string> CredentialStore::http_headers() const {
  const bool unreadable = ::access(docker_config_path_.c_str(), R_OK) != 0;
  if (docker_config_path_.empty() || unreadable) return {};
  return read_config(docker_config_path_).http_headers();
}

CredentialLookup CredentialStore::look_up(const std::string& host, const std::string& repository,
                                          std::stop_token stop) const {
  CredentialLookup lookup;
  if (!inline_json_.empty()) {
    lookup.credential = DockerConfig(inline_json_, "DOCKER_AUTH_CONFIG").find(host, repository);
    if (lookup.credential) return lookup;
  }
  std::vector<std::string> files = {explicit_auth_file_, docker_config_path_};
  files.insert(files.end(), auth_files_.begin(), auth_files_.end());
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string& path = files[i];
    if (path.empty()) continue;
    if (::access(path.c_str(), R_OK) != 0 && errno == EACCES) {
      // Of the files that merely may exist, those of other users are none of our business.
      const bool is_own = i < 2;
      if (is_own)
        lookup.problems.push_back(path + ": may not be read, its credentials are not used");
      continue;
    }
    lookup.credential = search_file(path, host, repository, lookup.problems, stop);
    if (lookup.credential) break;
  }
  return lookup;
}

std::optional<Credential> CredentialStore::find(const std::string& host,
                                                const std::string& repository) const {
  CredentialLookup lookup = look_up(host, repository);
  if (!lookup.credential && !lookup.problems.empty()) throw base::Error(lookup.problems.front());
  return std::move(lookup.credential);
}

const std::string& CredentialStore::own_file() const {
  const std::string& path = explicit_auth_file_.empty() ? docker_config_path_ : explicit_auth_file_;
  if (path.empty()) {
    throw base::UsageError("no place for credentials: neither HOME nor DOCKER_CONFIG is set");
  }
  return path;
}

std::string CredentialStore::store(const std::string& host, const Credential& credential) const {
  const std::string& path = own_file();
  DockerConfig config = read_config(path);
  if (const auto name = config.helper_for(host)) {
    const CredentialHelper helper(*name);
    helper.store(server_key(host), credential);
    config.set(host, {});
    write_config(path, config);
    return helper.program();
  }
  config.set(host, credential);
  write_config(path, config);
  return path;
}

bool CredentialStore::erase(const std::string& host) const {
  const std::string& path = own_file();
  DockerConfig config = read_config(path);
  bool erased = false;
  if (const auto name = config.helper_for(host)) {
    erased = CredentialHelper(*name).erase(server_key(host));
  }
  if (config.remove(host)) {
    write_config(path, config);
    erased = true;
  }
  return erased;
}

}  // namespace ibuild::registry
