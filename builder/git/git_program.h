#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/child.h"
#include "base/error.h"

namespace ibuild::builder {

/// A line of git's configuration.
struct GitSetting {
  std::string key;
  std::string value;
  bool operator==(const GitSetting&) const = default;
};

/// With which keys git may log in through ssh.
struct GitSsh {
  std::string agent_socket;  // of an ssh agent; empty: none
  enum class OwnKeys { refused, allowed };
  OwnKeys own_keys = OwnKeys::refused;  // the files in the user's ~/.ssh
  std::string known_hosts;  // the user's file; hosts that it does not have are trusted, hosts with
                            // other keys are not
};

/// The `git` program, found on PATH and kept away from all configuration of the user, the machine
/// and the directory that it is called in: nothing but what is given here has an effect. It asks
/// nobody for anything, uses no other transports than http, https, ssh and git, and runs no hooks.
/// Thread: any.
class GitProgram {
 public:
  struct Options {
    /// Beside those that are always there, and in place of them. Handed over in the environment:
    /// the list of processes does not show them.
    std::vector<GitSetting> settings;
    GitSsh ssh = {};
  };
  explicit GitProgram(Options options) : options_(std::move(options)) {}

  /// The same with another setting.
  GitProgram with(GitSetting setting) const;
  /// Runs `git <arguments>` and gives what it printed.
  /// Throws: base::Error with git's own words when it fails or is not installed;
  /// base::CancelledError.
  std::string run(const std::vector<std::string>& arguments, std::stop_token stop) const;
  /// The same, where the caller looks at how it ended.
  base::ProgramResult try_run(const std::vector<std::string>& arguments,
                              std::stop_token stop) const;

  /// "git fetch: fatal: …", what the end of a failed run means to people, with a hint where a login
  /// is missing.
  static base::Error failure(const std::vector<std::string>& arguments,
                             const base::ProgramResult& result);

 private:
  std::vector<std::string> environment() const;
  std::string ssh_command() const;

  Options options_;
};

}  // namespace ibuild::builder
