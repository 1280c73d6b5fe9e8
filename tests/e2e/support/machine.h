#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/child.h"
#include "base/files.h"

namespace ibuild::e2e {

/// Who runs ibuild.
enum class Who {
  root,
  ranges,  // an ordinary user with ranges in /etc/subuid and /etc/subgid
  single,  // one without
};
std::string name_of(Who who);

/// Those that can be had here. Fails the test when IBUILD_TESTS_MUST_RUN demands one ("root",
/// "userns") that cannot.
std::vector<Who> everybody();
/// The first of them.
Who somebody();

struct Output {
  int code = 0;  // 128 + signal when one ended it
  std::string out;
  std::string err;
};

struct RunOptions {
  std::string stdin_text;
  std::vector<std::string> env;  // "K=V"
  std::string directory;         // where to run; empty: the machine's
  std::chrono::seconds timeout{180};
  /// Words before the program: another one, which runs it. Run as root where the tests are.
  std::vector<std::string> around;
};

/// A directory of its own, with a store in it, and the real ibuild run by somebody. The directory
/// is the current one of all programs. Removed with everything in it by the destructor.
class Machine {
 public:
  explicit Machine(Who who = somebody());
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  Who who() const { return who_; }
  /// The host path of a file of this machine.
  std::string path(const std::string& name) const { return dir_.host_path() + "/" + name; }
  std::string store() const { return path("store"); }

  /// Writes a file, parents included, owned by the user.
  void write(const std::string& name, const std::string& content, unsigned mode = 0644);
  std::string read(const std::string& name) const;
  bool exists(const std::string& name) const;

  /// Runs ibuild with the machine's store.
  Output ibuild(std::vector<std::string> args, const RunOptions& options = {}) const;
  /// The same, and fails the test unless it succeeds. Gives standard output without the last
  /// newline.
  std::string must(std::vector<std::string> args, const RunOptions& options = {}) const;
  /// Starts ibuild and does not wait; its output goes to the files out and err of this machine.
  base::Child start(std::vector<std::string> args, const std::vector<std::string>& env = {}) const;
  /// Runs any program as the same user.
  Output run(std::vector<std::string> argv, const RunOptions& options = {}) const;
  std::string must_run(std::vector<std::string> argv, const RunOptions& options = {}) const;

  /// Builds `dockerfile` with the directory `context` of this machine, -t `tag`.
  Output build(const std::string& tag, const std::string& dockerfile,
               std::vector<std::string> args = {}, const RunOptions& options = {});

  /// Builds localhost/base:1 out of busybox: /bin with all its tools, /etc/passwd, /tmp.
  void make_base();

  /// Processes of ibuild's that still run, as "pid: command"; waits a moment for them to end.
  std::vector<std::string> processes_left() const;
  /// Mounts of the host that lie in this machine's directory.
  std::vector<std::string> mounts_left() const;

 private:
  std::vector<std::string> as_user(std::vector<std::string> argv, const RunOptions& options) const;
  RunOptions with_own_configuration(RunOptions options) const;
  void give_away(const std::string& name) const;

  Who who_;
  base::TempDir dir_;
};

/// The ibuild under test, where every user can run it.
std::string binary();

/// Whether a program is on PATH.
bool has_program(const std::string& name);

/// The value after the first `key` in `text`, up to the end of the line; empty when there is none.
std::string line_after(const std::string& text, const std::string& key);

std::size_t count(const std::string& text, const std::string& part);

}  // namespace ibuild::e2e
