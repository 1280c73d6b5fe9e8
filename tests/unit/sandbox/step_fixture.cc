#include "tests/unit/sandbox/step_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>

#include "base/error.h"
#include "base/fs_at.h"
#include "sandbox/enter_user_namespace.h"
#include "sandbox/id_map.h"
#include "tests/support/must_run.h"
#include "tests/support/rootless_mode.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::test {

namespace {

constexpr const char* kBusybox = "/bin/busybox";
constexpr std::uint64_t kBusyboxCap = 64 << 20;
constexpr std::uint64_t kHelperCap = 64 << 20;

}  // namespace

void Recorder::output(Stream stream, std::string_view bytes) {
  (stream == Stream::out ? out : err) += bytes;
  both += bytes;
  if (on_output) on_output();
}

void Recorder::started(int pidfd) {
  ++starts;
  if (on_started) on_started(pidfd);
}

StepFixture::StepFixture()
    : StepFixture(sandbox::make_namespace_sandbox(
          wants_shared_pids() ? sandbox::PidNamespace::shared : sandbox::PidNamespace::own)) {}

StepFixture::StepFixture(std::unique_ptr<sandbox::Sandbox> sandbox)
    : root_(make_scratch_dir()), sandbox_(std::move(sandbox)) {
  ::fchmod(root().get(), 0755);
  base::make_dirs(root(), base::RelPath::exact("bin"));
  base::make_dirs(root(), base::RelPath::exact("etc"));
  write("bin/busybox", base::read_host_file(kBusybox, kBusyboxCap), 0755);
  if (::symlinkat("busybox", base::open_dir_at(root(), base::RelPath::exact("bin")).get(), "sh") !=
      0) {
    throw base::SystemError("symlink", "sh");
  }
}

sandbox::SandboxSpec StepFixture::spec(std::vector<std::string> argv) const {
  sandbox::SandboxSpec spec;
  spec.root_fd = root().get();
  spec.argv = std::move(argv);
  spec.env = {"PATH=/usr/bin:/bin"};
  return spec;
}

sandbox::SandboxSpec StepFixture::shell(const std::string& script) const {
  // Debian's busybox finds its own applets without links for them.
  return spec({"/bin/sh", "-c", script});
}

StepResult StepFixture::run(const sandbox::SandboxSpec& spec, std::stop_token stop) {
  Recorder recorder;
  const base::ExitStatus status = sandbox_->run(spec, recorder, std::move(stop));
  return {status, recorder.out, recorder.err};
}

std::string StepFixture::out_of(const std::string& script) {
  const StepResult result = run(shell(script));
  INFO(script << "\n" << result.err);
  REQUIRE(result.status.success());
  return result.out;
}

void StepFixture::write(const std::string& path, const std::string& content, mode_t mode) {
  base::write_file_atomically(root(), base::RelPath::exact(path), content, mode);
}

bool StepFixture::exists(const std::string& path) const {
  return base::try_lstat_at(root(), base::RelPath::exact(path)).has_value();
}

int StepFixture::processes_left() const {
  struct stat own {};
  REQUIRE(::fstat(root().get(), &own) == 0);
  int count = 0;
  for (const auto& entry : base::list_dir(base::DirFd::open("/proc"))) {
    struct stat info {};
    if (::stat(("/proc/" + entry.name + "/root/.").c_str(), &info) != 0) continue;
    if (info.st_dev == own.st_dev && info.st_ino == own.st_ino) ++count;
  }
  return count;
}

void StepFixture::add_standard_directories() {
  for (const char* name : {"proc", "dev", "sys"}) {
    base::make_dirs(root(), base::RelPath::exact(name));
  }
}

void StepFixture::add_helper() {
  write("bin/helper", base::read_host_file(IBUILD_STEP_HELPER, kHelperCap), 0755);
}

std::string StepFixture::helper(std::vector<std::string> arguments) {
  if (!exists("bin/helper")) add_helper();
  arguments.insert(arguments.begin(), "/bin/helper");
  std::string out = run(spec(std::move(arguments))).out;
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

bool can_run_steps() {
  const bool has_busybox = ::access(kBusybox, X_OK) == 0;
  return can_run("root", has_busybox && sandbox::has_admin_capability(),
                 has_busybox ? "not root" : "package busybox-static is not installed");
}

bool has_id(std::uint32_t id) {
  return sandbox::maps_id(sandbox::own_uid_map(), id) &&
         sandbox::maps_id(sandbox::own_gid_map(), id);
}

bool is_real_root() { return sandbox::is_identity(sandbox::own_uid_map()); }

}  // namespace ibuild::test
