#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/files.h"
#include "base/unique_fd.h"
#include "builder/ssh_agent_lookup.h"

namespace ibuild::builder {

/// A socket that stands for an ssh agent while a step runs: what connects to it talks to the agent,
/// but can neither change its keys nor lock it. The destructor ends all connections. Thread: has
/// its own.
/// See: draft-ietf-sshm-ssh-agent.
class SshAgentProxy {
 public:
  struct Owner {
    std::uint32_t mode = 0600;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
  };
  /// Makes the socket in a directory of its own below `parent`. Throws: SystemError.
  SshAgentProxy(const SshAgent& agent, const Owner& owner, const base::DirFd& parent);
  SshAgentProxy(const SshAgentProxy&) = delete;
  SshAgentProxy& operator=(const SshAgentProxy&) = delete;
  ~SshAgentProxy();

  /// O_PATH of the socket's name.
  int socket() const { return socket_.get(); }

  /// Connections that are served at once; further ones are closed.
  static constexpr std::size_t kMaxConnections = 64;

 private:
  class Server;
  base::TempDir dir_;
  base::UniqueFd socket_;
  std::unique_ptr<Server> server_;
};

/// Connects to a socket by its host path, of any length. Throws: SystemError.
base::UniqueFd connect_to_socket(const std::string& path);

}  // namespace ibuild::builder
