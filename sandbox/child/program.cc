#include "sandbox/child/program.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "sandbox/child/word_pointers.h"

namespace ibuild::sandbox {

namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view path_of(const std::vector<std::string>& env) {
  std::string_view path = kDefaultPath;
  for (std::string_view entry : env) {
    if (entry.starts_with("PATH=")) path = entry.substr(5);
  }
  return path;
}

std::vector<std::string> candidates_for(const SandboxSpec& spec) {
  const std::string& name = spec.argv[0];
  if (name.find('/') != std::string::npos) return {name};
  std::vector<std::string> candidates;
  for (std::string_view dir : base::split(path_of(spec.env), ':')) {
    candidates.push_back((dir.empty() ? std::string(".") : std::string(dir)) + "/" + name);
  }
  return candidates;
}

bool exists(const std::string& path) { return ::faccessat(AT_FDCWD, path.c_str(), F_OK, 0) == 0; }

std::string exec_prefix(std::string_view name) {
  return "exec: \"" + base::printable(name) + "\": ";
}

}  // namespace

Program::Program(const SandboxSpec& spec)
    : name_(spec.argv[0]),
      candidates_(candidates_for(spec)),
      argv_(word_pointers(spec.argv)),
      env_(word_pointers(spec.env, spec.secret_env)) {}

ProgramFailure Program::run() const {
  bool denied = false;
  for (const std::string& path : candidates_) {
    // The bare system call: instrumented builds hook into the C library's.
    ::syscall(SYS_execve, path.c_str(), argv_.data(), env_.data());
    const int error_number = errno;
    if (error_number == EACCES) {
      denied = true;
    } else if (error_number == ENOENT && exists(path)) {
      return {127, exec_prefix(path) + "its interpreter or loader is not there"};
    } else if (error_number != ENOENT && error_number != ENOTDIR) {
      return {126, base::SystemError(error_number, exec_prefix(path) + "cannot run", "").what()};
    }
  }
  if (denied) return {126, exec_prefix(name_) + "permission denied"};
  const bool searched = name_.find('/') == std::string::npos;
  return {127, exec_prefix(name_) + (searched ? "not found in PATH" : "no such file or directory")};
}

}  // namespace ibuild::sandbox
