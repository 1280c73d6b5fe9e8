// See: git(1) "ENVIRONMENT VARIABLES", git-config(1).
#include "builder/git/git_program.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::builder {
namespace {

constexpr std::uint64_t kOutputCapBytes = 64 << 20;  // of a list of references
constexpr std::chrono::hours kTimeout{24};           // transfers that stand still end long before
constexpr std::size_t kShownLines = 5;
constexpr std::size_t kShownBytes = 1000;

/// Variables that tell git, curl and ssh how to reach the network.
constexpr const char* kPassedOn[] = {"PATH",       "TMPDIR",      "SSL_CERT_FILE", "SSL_CERT_DIR",
                                     "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",      "ALL_PROXY",
                                     "http_proxy", "https_proxy", "no_proxy",      "all_proxy"};

/// What holds for every run.
std::vector<GitSetting> fixed_settings() {
  return {{"protocol.allow", "never"},        {"protocol.http.allow", "always"},
          {"protocol.https.allow", "always"}, {"protocol.ssh.allow", "always"},
          {"protocol.git.allow", "always"},   {"core.hooksPath", "/dev/null"},
          {"core.fsmonitor", "false"},        {"core.askPass", ""},
          {"advice.detachedHead", "false"},   {"init.defaultBranch", "main"},
          {"gc.autoDetach", "false"},  // nothing goes on in the background
          {"http.lowSpeedLimit", "1"},        {"http.lowSpeedTime", "60"}};
}

/// Sets the file of known hosts aside from what ssh would write: an unknown host is trusted, but
/// not remembered.
std::string known_hosts_option(const std::string& file) {
  return " -o StrictHostKeyChecking=" + std::string(file.empty() ? "no" : "accept-new") + " -o " +
         base::shell_quote("UserKnownHostsFile=/dev/null" +
                           (file.empty() ? "" : " \"" + file + "\""));
}

std::string hint_for(std::string_view words) {
  const auto has = [&](std::string_view part) {
    return words.find(part) != std::string_view::npos;
  };
  if (has("could not read Username") || has("Authentication failed")) {
    return "the repository may not exist, or wants a login: give one as --secret id=GIT_AUTH_TOKEN";
  }
  return has("Permission denied (publickey")
             ? "the repository wants a key: give one with --ssh default"
             : "";
}

/// The subcommand: the first word that is no option.
std::string subcommand(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "-C") {
      ++i;
    } else if (!arguments[i].starts_with('-')) {
      return arguments[i];
    }
  }
  return {};
}

}  // namespace

GitProgram GitProgram::with(GitSetting setting) const {
  GitProgram other = *this;
  other.options_.settings.push_back(std::move(setting));
  return other;
}

std::string GitProgram::ssh_command() const {
  std::string command =
      "ssh -F /dev/null -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15";
  command += known_hosts_option(options_.ssh.known_hosts);
  if (options_.ssh.own_keys == GitSsh::OwnKeys::refused) command += " -o IdentityFile=none";
  if (options_.ssh.agent_socket.empty()) command += " -o IdentityAgent=none";
  return command;
}

std::vector<std::string> GitProgram::environment() const {
  std::vector<std::string> env = {"LC_ALL=C",
                                  "HOME=/dev/null",
                                  "GIT_CONFIG_NOSYSTEM=1",
                                  "GIT_CONFIG_GLOBAL=/dev/null",
                                  "GIT_ATTR_NOSYSTEM=1",
                                  "GIT_TERMINAL_PROMPT=0",
                                  "GIT_SSH_VARIANT=ssh",
                                  "GIT_SSH_COMMAND=" + ssh_command()};
  for (const char* name : kPassedOn) {
    if (const char* value = std::getenv(name)) env.push_back(std::string(name) + "=" + value);
  }
  if (!options_.ssh.agent_socket.empty())
    env.push_back("SSH_AUTH_SOCK=" + options_.ssh.agent_socket);
  auto settings = fixed_settings();
  settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
  env.push_back("GIT_CONFIG_COUNT=" + std::to_string(settings.size()));
  for (std::size_t i = 0; i < settings.size(); ++i) {
    env.push_back("GIT_CONFIG_KEY_" + std::to_string(i) + "=" + settings[i].key);
    env.push_back("GIT_CONFIG_VALUE_" + std::to_string(i) + "=" + settings[i].value);
  }
  return env;
}

base::ProgramResult GitProgram::try_run(const std::vector<std::string>& arguments,
                                        std::stop_token stop) const {
  std::vector<std::string> argv = {"git"};
  // Where no repository is named none is looked for: git would start in the current directory.
  const bool has_repository =
      std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
        return argument == "-C" || argument.starts_with("--git-dir=");
      });
  if (!has_repository) argv.emplace_back("--git-dir=/dev/null");
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  try {
    return base::run_program(argv, {.extra_env = environment(),
                                    .environment = base::ProgramOptions::Environment::extra_alone,
                                    .group = base::ProgramOptions::Group::own,
                                    .output_cap_bytes = kOutputCapBytes,
                                    .timeout = kTimeout,
                                    .stop = std::move(stop)});
  } catch (const base::SystemError& error) {
    if (error.error_number() != ENOENT) throw;
    base::Error missing("git repositories are read by the program git, which is not installed");
    missing.set_hint("install the package git");
    throw missing;
  }
}

base::Error GitProgram::failure(const std::vector<std::string>& arguments,
                                const base::ProgramResult& result) {
  std::vector<std::string> lines;
  for (const auto line : base::split(result.err, '\n')) {
    if (!base::trim(line).empty()) lines.push_back(base::printable(base::trim(line)));
  }
  if (lines.size() > kShownLines) lines.erase(lines.begin(), lines.end() - kShownLines);
  std::string words = base::join(lines, "; ");
  if (words.size() > kShownBytes) words = "…" + words.substr(words.size() - kShownBytes);
  base::Error error("git " + subcommand(arguments) + ": " +
                    (words.empty() ? result.status.describe() : words));
  error.set_hint(hint_for(result.err));
  return error;
}

std::string GitProgram::run(const std::vector<std::string>& arguments, std::stop_token stop) const {
  auto result = try_run(arguments, std::move(stop));
  if (!result.status.success()) throw failure(arguments, result);
  return std::move(result.out);
}

}  // namespace ibuild::builder
