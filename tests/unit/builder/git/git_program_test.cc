#include "builder/git/git_program.h"

#include <stdlib.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/scope_exit.h"
#include "base/text.h"
#include "tests/unit/builder/git/git_fixture.h"

using namespace ibuild;
using builder::GitProgram;

namespace {

/// Sets PATH so that `script` is the program git, or nothing is.
class OtherGit {
 public:
  explicit OtherGit(const std::string& script) {
    if (!script.empty()) {
      base::write_file_atomically(dir_.dir(), base::RelPath::exact("git"), "#!/bin/sh\n" + script,
                                  0755);
    }
    ::setenv("PATH", dir_.host_path().c_str(), 1);
  }
  ~OtherGit() { ::setenv("PATH", old_.c_str(), 1); }
  OtherGit(const OtherGit&) = delete;
  OtherGit& operator=(const OtherGit&) = delete;

 private:
  base::TempDir dir_ = test::make_scratch_dir();
  std::string old_ = ::getenv("PATH");
};

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("git_program: nothing of the user's environment reaches git", "[git]") {
  const OtherGit git("exec /usr/bin/env");
  ::setenv("GIT_DIR", "/elsewhere", 1);
  ::setenv("SSH_AUTH_SOCK", "/agent", 1);
  const base::ScopeExit restore([] {
    ::unsetenv("GIT_DIR");
    ::unsetenv("SSH_AUTH_SOCK");
  });
  const auto env = GitProgram({}).run({"version"}, {});
  CHECK(env.find("GIT_DIR=") == std::string::npos);
  CHECK(env.find("SSH_AUTH_SOCK=") == std::string::npos);
  CHECK(has_line(env, "HOME=/dev/null"));
  CHECK(has_line(env, "GIT_CONFIG_NOSYSTEM=1"));
  CHECK(has_line(env, "GIT_CONFIG_GLOBAL=/dev/null"));
  CHECK(has_line(env, "GIT_TERMINAL_PROMPT=0"));
}

TEST_CASE("git_program: settings go through the environment, not the arguments", "[git]") {
  const OtherGit git("echo \"$@\"; exec /usr/bin/env");
  const auto out =
      GitProgram({.settings = {{"http.https://h/.extraHeader", "Authorization: geheim"}}})
          .with({"a.b", "c"})
          .run({"fetch", "--", "https://h/r.git"}, {});
  CHECK(out.starts_with("--git-dir=/dev/null fetch -- https://h/r.git\n"));
  CHECK(out.find("=Authorization: geheim\n") != std::string::npos);
  CHECK(out.find("=a.b\n") != std::string::npos);
}

TEST_CASE("git_program: a named repository is not replaced by none", "[git]") {
  const OtherGit git("echo \"$@\"");
  CHECK(GitProgram({}).run({"--git-dir=/x", "fetch"}, {}) == "--git-dir=/x fetch\n");
  CHECK(GitProgram({}).run({"-C", "/x", "fetch"}, {}) == "-C /x fetch\n");
}

TEST_CASE("git_program: ssh asks nobody and uses no keys that were not given", "[git]") {
  const OtherGit git("echo \"$GIT_SSH_COMMAND|$SSH_AUTH_SOCK\"");
  const auto none = GitProgram({}).run({}, {});
  CHECK(none.find("-F /dev/null -o BatchMode=yes") != std::string::npos);
  CHECK(none.find("-o IdentityFile=none -o IdentityAgent=none|\n") != std::string::npos);
  const auto agent =
      GitProgram({.ssh = {.agent_socket = "/a", .known_hosts = "/h/known hosts"}}).run({}, {});
  CHECK(agent.find("-o StrictHostKeyChecking=accept-new -o 'UserKnownHostsFile=/dev/null "
                   "\"/h/known hosts\"'") != std::string::npos);
  CHECK(agent.find("-o IdentityFile=none|/a\n") != std::string::npos);
  const auto own = GitProgram({.ssh = {.own_keys = builder::GitSsh::OwnKeys::allowed}}).run({}, {});
  CHECK(own.find("IdentityFile") == std::string::npos);
}

TEST_CASE("git_program: a failure tells git's last words", "[git]") {
  const OtherGit git(
      "echo 'hint: long story' >&2; echo >&2; echo \"fatal: no \033[1mway\" >&2; exit 128");
  CHECK_THROWS_WITH(GitProgram({}).run({"-C", "/x", "fetch", "--quiet"}, {}),
                    "git fetch: hint: long story; fatal: no \\x1b[1mway");
}

TEST_CASE("git_program: a silent failure tells how git ended", "[git]") {
  const OtherGit git("exit 3");
  CHECK_THROWS_WITH(GitProgram({}).run({"ls-remote"}, {}), "git ls-remote: exit code 3");
}

TEST_CASE("git_program: where a login is missing the hint tells how to give one", "[git]") {
  const auto hint = [](const std::string& words) {
    const OtherGit git("echo '" + words + "' >&2; exit 128");
    try {
      GitProgram({}).run({"fetch"}, {});
    } catch (const base::Error& error) {
      return error.hint();
    }
    return std::string("no error");
  };
  CHECK_THAT(hint("fatal: could not read Username for x: terminal prompts disabled"),
             Catch::Matchers::EndsWith("--secret id=GIT_AUTH_TOKEN"));
  CHECK_THAT(hint("git@host: Permission denied (publickey)."),
             Catch::Matchers::EndsWith("--ssh default"));
  CHECK(hint("fatal: other").empty());
}

TEST_CASE("git_program: without git the error says what to install", "[git]") {
  const OtherGit git("");
  try {
    GitProgram({}).run({"version"}, {});
    FAIL("there is a git");
  } catch (const base::Error& error) {
    CHECK(std::string(error.what()) ==
          "git repositories are read by the program git, which is not installed");
    CHECK(error.hint() == "install the package git");
  }
}

TEST_CASE("git_program: repositories of this machine are out of reach unless a setting allows them",
          "[git]") {
  if (!test::has_git()) return;
  test::GitRepository repository;
  repository.commit("first");
  CHECK_THROWS_WITH(GitProgram({}).run({"ls-remote", "--", repository.url()}, {}),
                    Catch::Matchers::Contains("transport 'file' not allowed"));
  CHECK_THROWS_WITH(GitProgram({}).run({"ls-remote", "--", "ext::sh -c true"}, {}),
                    Catch::Matchers::Contains("transport 'ext' not allowed"));
  const GitProgram allowing({.settings = {{"protocol.file.allow", "always"}}});
  CHECK(allowing.run({"ls-remote", "--", repository.url(), "HEAD"}, {}).ends_with("\tHEAD\n"));
}

TEST_CASE("git_program: the configuration of the directory that it is called in does not count",
          "[git]") {
  if (!test::has_git()) return;
  test::GitRepository here;
  here.git({"config", "url.file:///nowhere.insteadOf", "file:///"});
  test::GitRepository there;
  there.commit("first");
  const std::string path = ::getenv("PATH");
  // The current directory belongs to the whole test program: the stand-in changes its own.
  const OtherGit git("cd '" + here.host_path() + "' && PATH='" + path + "' exec git \"$@\"");
  const GitProgram program({.settings = {{"protocol.file.allow", "always"}}});
  CHECK(program.run({"ls-remote", "--", there.url(), "HEAD"}, {}).ends_with("\tHEAD\n"));
}
