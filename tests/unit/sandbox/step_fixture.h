#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/child.h"
#include "base/files.h"
#include "base/owner_record.h"
#include "sandbox/sandbox.h"

namespace ibuild::test {

/// Collects what a step says.
class Recorder : public sandbox::StepObserver {
 public:
  void output(Stream stream, std::string_view bytes) override;
  void started(int pidfd) override;

  std::string out;
  std::string err;
  std::string both;  // in the order in which it came
  int starts = 0;
  std::function<void(int pidfd)> on_started;
  std::function<void()> on_output;
};

struct StepResult {
  base::ExitStatus status;
  std::string out;
  std::string err;
};

/// A directory with a busybox in /bin that serves as root of steps, and a sandbox to run them in.
class StepFixture {
 public:
  /// With a sandbox of namespaces; steps have no processes of their own where wants_shared_pids().
  StepFixture();
  explicit StepFixture(std::unique_ptr<sandbox::Sandbox> sandbox);

  const base::DirFd& root() const { return root_.dir(); }
  std::string root_path() const { return root_.host_path(); }
  sandbox::Sandbox& sandbox() { return *sandbox_; }
  /// How many processes still have the root as theirs.
  int processes_left() const;

  /// A spec that runs `argv` as root with only PATH set.
  sandbox::SandboxSpec spec(std::vector<std::string> argv) const;
  /// The same for a script of sh.
  sandbox::SandboxSpec shell(const std::string& script) const;

  StepResult run(const sandbox::SandboxSpec& spec, std::stop_token stop = {});
  /// Standard output of a script that must succeed.
  std::string out_of(const std::string& script);
  /// What the helper program says (tests/support/step_helper) when it is run with `arguments`,
  /// without the line's end.
  std::string helper(std::vector<std::string> arguments);
  /// Puts the helper program into the root, as /bin/helper.
  void add_helper();

  void write(const std::string& path, const std::string& content, mode_t mode = 0644);
  bool exists(const std::string& path) const;
  /// /proc, /dev and /sys, which a root of a step lacks at first.
  void add_standard_directories();

 private:
  base::TempDir root_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
};

/// False, after the words of can_run("root", …), where no steps can run: they take root, or root of
/// a user namespace, and a static busybox.
[[nodiscard]] bool can_run_steps();
/// True when a step may run as user and group `id` here.
bool has_id(std::uint32_t id);
/// True as root of the machine, not of a user namespace.
bool is_real_root();

}  // namespace ibuild::test
