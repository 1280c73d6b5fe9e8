#include "cli/key_agent.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

namespace {

constexpr std::uint64_t kMaxKeyBytes = 100 << 10;  // as BuildKit

/// A short path: a socket's address holds about a hundred bytes.
base::DirFd directory_for_sockets() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && ::access(runtime, W_OK) == 0) return base::DirFd::open(runtime);
  return base::DirFd::open("/tmp");
}

[[noreturn]] void fail_without_program(base::SystemError error) {
  error.set_hint("install openssh-client, or give the socket of a running agent to --ssh");
  throw error;
}

/// Returns when the agent listens: it says so on its standard output.
base::Child start_agent(const std::string& socket_path) {
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) throw base::SystemError("open", "/dev/null");
  auto pipe = base::Pipe::open();
  try {
    auto child = base::spawn_program({"ssh-agent", "-D", "-a", socket_path}, null.get(),
                                     pipe.write_end.get(), STDERR_FILENO);
    pipe.write_end.reset();
    std::array<std::byte, 1> first;
    if (base::FdSource(pipe.read_end.get()).read(first) == 0)
      throw base::Error("ssh-agent ended before it was ready: " + child.wait().describe());
    return child;
  } catch (base::SystemError& error) {
    fail_without_program(error);
  }
}

/// The cipher's name behind the mark of OpenSSH's own format, as base64 has it: "none" for a key
/// without a passphrase. See: PROTOCOL.key of OpenSSH. Older formats say it in words.
bool has_passphrase(std::string_view key) {
  constexpr std::string_view kMark = "b3BlbnNzaC1rZXktdjEA";
  constexpr std::string_view kNoCipher = "AAAABG5vbmU";
  const auto mark = key.find(kMark);
  if (mark == std::string_view::npos) return key.find("ENCRYPTED") != std::string_view::npos;
  return !key.substr(mark + kMark.size()).starts_with(kNoCipher);
}

/// Through standard input, so that a file of any mode will do; there is nobody to ask for a
/// passphrase.
void add_key(const std::string& socket_path, const std::string& file) {
  base::ProgramOptions options;
  options.stdin_text = base::read_host_file(file, kMaxKeyBytes);
  options.extra_env = {"SSH_AUTH_SOCK=" + socket_path, "SSH_ASKPASS=/bin/false",
                       "SSH_ASKPASS_REQUIRE=force"};
  const auto result = base::run_program({"ssh-add", "-q", "-"}, options);
  if (result.status.success()) return;
  std::string cause(base::trim(base::printable(result.err)));
  if (has_passphrase(options.stdin_text)) cause = "it has a passphrase";
  if (cause.empty()) cause = "ssh-add did not take it: " + result.status.describe();
  base::Error error("--ssh: cannot use the key " + file + ": " + cause);
  error.set_hint(
      "a key must be a private one without a passphrase; for others start ssh-agent, add them with "
      "ssh-add, and give --ssh default");
  throw error;
}

}  // namespace

KeyAgent::KeyAgent(const std::vector<std::string>& key_files)
    : dir_(directory_for_sockets(), "ibuild-ssh-"), agent_(start_agent(socket_path())) {
  try {
    for (const auto& file : key_files) add_key(socket_path(), file);
  } catch (base::SystemError& error) {
    fail_without_program(error);
  }
}

}  // namespace ibuild::cli
