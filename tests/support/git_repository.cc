#include "tests/support/git_repository.h"

#include "base/child.h"
#include "base/error.h"
#include "base/text.h"
#include "tests/support/must_run.h"

namespace ibuild::test {

bool has_git() {
  bool available = true;
  try {
    base::run_program({"git", "--version"});
  } catch (const base::SystemError&) {
    available = false;
  }
  return can_run("peers", available, "git is not installed");
}

GitRepository::GitRepository(const std::string& format) {
  git({"init", "--quiet", "--initial-branch=main", "--object-format=" + format});
}

std::string GitRepository::git(const std::vector<std::string>& arguments,
                               const std::vector<std::string>& env) {
  std::vector<std::string> argv = {"git", "-C", host_path(), "-c", "protocol.file.allow=always"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  base::ProgramOptions options{.extra_env = {"HOME=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
                                             "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a",
                                             "GIT_AUTHOR_EMAIL=a@a", "GIT_COMMITTER_NAME=c",
                                             "GIT_COMMITTER_EMAIL=c@c"}};
  options.extra_env.insert(options.extra_env.end(), env.begin(), env.end());
  const auto result = base::run_program(argv, options);
  if (!result.status.success()) throw base::Error(base::join(arguments, " ") + ": " + result.err);
  return std::string(base::trim(result.out));
}

void GitRepository::write(const std::string& path, const std::string& content, mode_t mode) {
  const auto place = base::RelPath::exact(path);
  base::make_dirs(dir_.dir(), place.parent());
  base::write_file_atomically(dir_.dir(), place, content, mode);
}

std::string GitRepository::commit(const std::string& message, const std::string& date) {
  git({"add", "--all"});
  git({"commit", "--quiet", "--allow-empty", "--message", message},
      {"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date});
  return git({"rev-parse", "HEAD"});
}

}  // namespace ibuild::test
