#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "registry/credentials.h"

namespace ibuild::registry {

/// The content of Docker's config.json or a containers auth.json: which credential or helper serves
/// which registry. What is not about credentials is kept as it is.
class DockerConfig {
 public:
  /// A file larger than this is refused.
  static constexpr std::uint64_t kMaxBytes = 4 << 20;

  /// `json` may be empty. `origin` names the file in errors and in Credential::origin.
  /// Throws: base::UsageError when it is no such JSON.
  DockerConfig(std::string_view json, std::string origin);
  /// A ~/.dockercfg, from before config.json: what is "auths" there is all of it.
  /// Throws: base::UsageError when it is no such JSON.
  static DockerConfig from_dockercfg(std::string_view json, std::string origin);
  DockerConfig(DockerConfig&&) noexcept;
  DockerConfig& operator=(DockerConfig&&) noexcept;
  ~DockerConfig();

  /// The credential in "auths" whose key fits host and repository best (longest namespace first).
  /// Throws: base::UsageError for an entry that cannot be read.
  std::optional<Credential> find(std::string_view host, std::string_view repository) const;
  /// The X of docker-credential-X that "credHelpers" or "credsStore" names for the host; none when
  /// none is named. Throws: base::UsageError when it is no name of a program.
  std::optional<std::string> helper_for(std::string_view host) const;
  /// Puts the credential into "auths". With an empty credential only notes that the host has one
  /// elsewhere (as Docker does for helpers).
  void set(std::string_view host, const Credential& credential);
  /// Removes the host's own entries (not those of namespaces). False when there were none.
  bool remove(std::string_view host);
  /// The proxies that builds use by default, as variables: HTTP_PROXY and so on, those that are
  /// set. Throws: base::UsageError when they are no texts.
  std::map<std::string, std::string> default_proxies() const;
  /// The fields of "HttpHeaders", by name: what the user wants sent to registries. Those that HTTP
  /// itself or authentication needs are left out. Throws: base::UsageError for what cannot be sent.
  std::map<std::string, std::string> http_headers() const;
  /// For people to read, and for Docker.
  std::string to_json() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What Docker calls the host in config.json and to helpers: for Docker Hub
/// "https://index.docker.io/v1/".
std::string server_key(std::string_view host);
/// The registry a key of config.json means: without scheme and path ("https://host/v1/" → "host"),
/// all names of Docker Hub as "docker.io". A key without a scheme keeps its namespace
/// ("host/team").
std::string normalize_server_key(std::string_view key);

}  // namespace ibuild::registry
