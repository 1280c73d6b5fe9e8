#include "tests/e2e/support/podman.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/files.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::e2e {

namespace {

/// Its crun 1.8 refuses hosts that have both versions of cgroups; it is shown one.
constexpr const char* kOneCgroupVersion = "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"";

/// The option that shows a directory of the host at its own place.
std::string volume(const std::string& path) {
  std::string option = "--volume=" + path;
  option += ':';
  return option += path;
}

/// Programs of this host, as links or as options that mount them.
std::vector<std::string> show_host_programs(const std::string& root) {
  std::vector<std::string> options;
  for (const char* name : {"usr", "bin", "sbin", "lib", "lib64"}) {
    const std::string path = std::string("/") + name;
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) continue;
    if (S_ISLNK(info.st_mode)) {
      REQUIRE(::symlink(("usr/" + std::string(name)).c_str(), (root + path).c_str()) == 0);
    } else {
      options.push_back(volume(path) + ":ro");
    }
  }
  return options;
}

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string why_no_podman(Who who) {
  if (::geteuid() != 0) return "the tests do not run as root";
  if (!has_program("podman")) return "podman is missing";
  Machine machine(who);
  const Output tried = run_in_podman(machine, {}, {"true"});
  return tried.code == 0 ? "" : "podman as " + name_of(who) + ": " + tried.err;
}

}  // namespace

bool can_run_podman(Who who) {
  static const std::string why_not_root = why_no_podman(Who::root);
  static const std::string why_not_user = why_no_podman(Who::ranges);
  const std::string& why_not = who == Who::root ? why_not_root : why_not_user;
  return test::can_run("podman", why_not.empty(), why_not);
}

Output run_in_podman(Machine& machine, const std::vector<std::string>& options,
                     const std::vector<std::string>& argv, const std::vector<std::string>& env) {
  // Not in the machine's directory, which is shown in the container: so would be its /proc.
  const base::TempDir root = test::make_scratch_dir();
  ::chmod(root.host_path().c_str(), 0755);
  ::mkdir((root.host_path() + "/tmp").c_str(), 0);
  ::chmod((root.host_path() + "/tmp").c_str(), 01777);
  const auto programs = show_host_programs(root.host_path());
  // Whoever runs it makes /proc and its like in there.
  const base::ProgramResult given =
      base::run_program({"chown", "-Rh", "--reference", machine.store(), root.host_path()});
  REQUIRE(given.status.success());
  machine.write("pod/placeholder", "");
  machine.must_run({"chmod", "700", machine.path("pod")});
  std::vector<std::string> words = {
      "podman", "--root=" + machine.path("pod/storage"),
      "--runroot=" + machine.path("pod/run"),  // 50 characters at most
      "--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=none",
      "--runtime=crun", "run", "--rm", "--quiet", "--network=none", "--cgroups=disabled",
      // Raising limits takes a right that root here may lack.
      "--ulimit=nofile=1024:1024", "--ulimit=nproc=10000:10000", "--workdir=/tmp"};
  const auto add = [&](const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  add(programs);
  add(options);
  for (const std::string& place : {machine.path(""), directory_of(binary()) + "/"}) {
    words.push_back(volume(place));
  }
  words.push_back("--env=IBUILD_ROOT=" + machine.store());
  words.push_back("--env=HOME=" + machine.path("home"));
  for (const auto& variable : env) words.push_back("--env=" + variable);
  add({"--rootfs", root.host_path()});
  add(argv);
  return machine.run(words, {.env = {"XDG_RUNTIME_DIR=" + machine.path("pod")},
                             .around = {"unshare", "--mount", "--propagation", "private", "sh",
                                        "-c", kOneCgroupVersion, "sh"}});
}

}  // namespace ibuild::e2e
