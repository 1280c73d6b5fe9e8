// See: the runtime specification of the Open Container Initiative, config-linux.md.
#include "tests/e2e/support/container.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "base/text.h"
#include "sandbox/child/seccomp_names.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::e2e {

namespace {

using nlohmann::json;

constexpr std::array kCapabilities = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",      "CAP_FOWNER",          "CAP_MKNOD",
    "CAP_NET_RAW", "CAP_SETGID",       "CAP_SETUID",      "CAP_SETFCAP",         "CAP_SETPCAP",
    "CAP_KILL",    "CAP_SYS_CHROOT",   "CAP_AUDIT_WRITE", "CAP_NET_BIND_SERVICE"};

/// What Docker's profile allows a container with these capabilities; as in our own filter, see
/// sandbox/child/seccomp_filter.cc.
json default_filter() {
  constexpr std::uint64_t kNewNamespaces = 0x7E020000;
  json names = json::array();
  for (const auto name : sandbox::always_allowed_system_calls()) names.push_back(std::string(name));
  const auto rule = [](const char* name, std::uint64_t value, const char* op, unsigned index = 0) {
    const json argument = {{"index", index}, {"value", value}, {"valueTwo", 0}, {"op", op}};
    return json{{"names", {name}}, {"action", "SCMP_ACT_ALLOW"}, {"args", json::array({argument})}};
  };
  json calls = json::array({{{"names", names}, {"action", "SCMP_ACT_ALLOW"}}});
  calls.push_back(rule("clone", kNewNamespaces, "SCMP_CMP_MASKED_EQ"));
  calls.push_back(rule("personality", 0, "SCMP_CMP_EQ"));
  calls.push_back(rule("socket", 40, "SCMP_CMP_NE"));  // AF_VSOCK
  calls.push_back({{"names", {"clone3"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 38}});
  return {{"defaultAction", "SCMP_ACT_ERRNO"}, {"defaultErrnoRet", 1}, {"syscalls", calls}};
}

json mount(const std::string& target, const std::string& type, json options) {
  return {
      {"destination", target}, {"type", type}, {"source", type}, {"options", std::move(options)}};
}

/// As engines mount volumes.
json bind_of(const std::string& path, const char* access) {
  return {
      {"destination", path}, {"type", "bind"}, {"source", path}, {"options", {"rbind", access}}};
}

/// The directories of this host that programs are made of. Where /bin and its like are links they
/// are links there too.
json host_programs(const std::string& root) {
  json mounts = json::array();
  for (const char* name : {"usr", "etc", "bin", "sbin", "lib", "lib64"}) {
    const std::string path = std::string("/") + name;
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) continue;
    if (S_ISLNK(info.st_mode)) {
      REQUIRE(::symlink(("usr/" + std::string(name)).c_str(), (root + path).c_str()) == 0);
    } else {
      mounts.push_back(bind_of(path, "ro"));
    }
  }
  return mounts;
}

json file_systems() {
  return json::array(
      {mount("/proc", "proc", {"nosuid", "noexec", "nodev"}),
       mount("/dev", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
       mount("/dev/pts", "devpts",
             {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
       mount("/dev/shm", "tmpfs", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
       mount("/sys", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
       mount("/tmp", "tmpfs", {"mode=1777"})});
}

json process_of(const Machine& machine, const ContainerKind& kind,
                const std::vector<std::string>& argv, const std::vector<std::string>& env) {
  json all = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
              "HOME=" + machine.path("home"), "IBUILD_ROOT=" + machine.store(),
              "DOCKER_CONFIG=" + machine.path("docker"),
              // It looks at threads as a debugger does, which filters may refuse.
              "ASAN_OPTIONS=detect_leaks=0"};
  for (const auto& variable : env) all.push_back(variable);
  const json none = json::array();
  const json capabilities = kind.uid == 0 ? json(kCapabilities) : none;
  return {{"terminal", false},
          {"user", {{"uid", kind.uid}, {"gid", kind.uid}}},
          {"args", argv},
          {"env", all},
          {"cwd", machine.path("")},
          {"noNewPrivileges", false},
          {"capabilities",
           {{"bounding", json(kCapabilities)},
            {"effective", capabilities},
            {"permitted", capabilities},
            {"inheritable", none},
            {"ambient", none}}}};
}

json linux_of(const ContainerKind& kind) {
  json section = {{"namespaces", json::array()}};
  for (const char* name : {"pid", "network", "ipc", "uts", "mount"}) {
    section["namespaces"].push_back({{"type", name}});
  }
  if (kind.has_filter) section["seccomp"] = default_filter();
  if (kind.masks_paths) {
    section["maskedPaths"] = {"/proc/acpi",          "/proc/kcore",      "/proc/keys",
                              "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                              "/proc/sched_debug",   "/proc/scsi",       "/sys/firmware"};
    section["readonlyPaths"] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                "/proc/sysrq-trigger"};
  }
  if (kind.has_fuse) {
    section["devices"] = json::array({{{"path", "/dev/fuse"},
                                       {"type", "c"},
                                       {"major", 10},
                                       {"minor", 229},
                                       {"fileMode", 0666}}});
  }
  return section;
}

/// Version 1.8 refuses hosts that have both versions of cgroups; it is shown one.
constexpr const char* kScript =
    "umount /sys/fs/cgroup/unified 2>/dev/null; exec crun --root \"$1/state\" "
    "--cgroup-manager=disabled run -b \"$1\" \"$2\"";

Output run_bundle(const Machine& machine, const base::TempDir& bundle) {
  static unsigned number = 0;
  const std::string name =
      "ibuild-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
  return machine.run({"unshare", "--mount", "--propagation", "private", "sh", "-c", kScript, "sh",
                      bundle.host_path(), name});
}

std::string why_no_containers() {
  if (::geteuid() != 0) return "the tests do not run as root";
  if (!has_program("crun")) return "crun is missing";
  Machine machine(Who::root);
  const Output tried = run_in_container(machine, {.name = "probe"}, {"true"});
  return tried.code == 0 ? "" : "crun: " + tried.err;
}

}  // namespace

bool can_run_containers() {
  static const std::string why_not = why_no_containers();
  return test::can_run("container", why_not.empty(), why_not);
}

Output run_in_container(Machine& machine, const ContainerKind& kind,
                        const std::vector<std::string>& argv, const std::vector<std::string>& env) {
  // Not in the machine's directory, which is shown in the container: so would be its /proc as it is
  // before anything is masked.
  const base::TempDir bundle = test::make_scratch_dir();
  base::make_dirs(bundle.dir(), base::RelPath::exact("rootfs"));
  if (kind.uid != 0) {
    const std::string owner = std::to_string(kind.uid) + ":" + std::to_string(kind.uid);
    machine.must_run({"chown", "-R", owner, machine.store(), machine.path("home")});
  }
  json mounts = file_systems();
  for (auto& more : host_programs(bundle.host_path() + "/rootfs")) mounts.push_back(more);
  mounts.push_back(bind_of(machine.path(""), "rw"));
  for (const std::string& program : {binary(), std::string(IBUILD_STEP_HELPER)}) {
    mounts.push_back(bind_of(program.substr(0, program.find_last_of('/')), "ro"));
  }
  const json config = {{"ociVersion", "1.0.2"},
                       {"process", process_of(machine, kind, argv, env)},
                       {"root", {{"path", "rootfs"}, {"readonly", false}}},
                       {"hostname", "job"},
                       {"mounts", mounts},
                       {"linux", linux_of(kind)}};
  base::write_file_atomically(bundle.dir(), base::RelPath::exact("config.json"), config.dump(1));
  return run_bundle(machine, bundle);
}

}  // namespace ibuild::e2e
