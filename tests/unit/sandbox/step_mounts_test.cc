// The files that a step finds: the standard ones and the mounts of its spec.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <future>

#include "base/error.h"
#include "tests/support/forked.h"
#include "tests/support/mount_table.h"
#include "tests/support/scratch_dir.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

using sandbox::MountSpec;
using sandbox::SandboxError;

base::UniqueFd open_path(const std::string& path) {
  base::UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  REQUIRE(fd);
  return fd;
}

std::vector<std::string> names_in(const base::DirFd& dir) {
  std::vector<std::string> names;
  for (const auto& entry : base::list_dir(dir)) names.push_back(entry.name);
  return names;
}

const std::vector<std::string> kStandardNames = {"bin", "dev", "etc", "proc", "sys"};

TEST_CASE("mounts: the standard ones are there", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  CHECK(steps.out_of("busybox ls /dev | busybox tr '\\n' ' '") ==
        "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero ");
  CHECK(steps.out_of("for l in ptmx fd stdin core; do busybox readlink /dev/$l; done") ==
        "pts/ptmx\n/proc/self/fd\n/proc/self/fd/0\n/proc/kcore\n");
  CHECK(steps.out_of("busybox stat -fc %T /proc /dev/shm") == "proc\ntmpfs\n");
  CHECK(steps.out_of("busybox stat -c %a /dev /dev/shm /dev/mqueue") == "755\n1777\n1777\n");
}

TEST_CASE("mounts: a pseudo terminal can be had", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  CHECK(steps.out_of("exec 3<>/dev/ptmx; busybox ls /dev/pts") == "0\nptmx\n");
}

TEST_CASE("mounts: /dev/shm has the size of the spec", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell("busybox df -k /dev/shm | busybox tail -1 | busybox awk '{print $2}'");
  spec.shm_size_bytes = 3 << 20;
  CHECK(steps.run(spec).out == "3072\n");
}

TEST_CASE("mounts: a file in memory has content, mode and owner, and cannot be written", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const base::TempDir other = make_scratch_dir();
  base::write_file_atomically(other.dir(), base::RelPath::exact("key"), "sesame\n");
  const auto key = base::open_at(other.dir(), base::RelPath::exact("key"), O_RDONLY);
  auto spec = steps.shell(
      "busybox cat /run/key /run/key2; busybox stat -c '%a %u:%g' /run/key /run/key2; "
      "echo x 2>/dev/null >/run/key || echo read-only; "
      "busybox grep ' /run/key' /proc/mounts | busybox grep -c noexec");
  spec.mounts = {{.kind = MountSpec::Kind::file,
                  .target = base::RelPath::exact("run/key"),
                  .source_fd = key.get(),
                  .source_is_directory = false,
                  .read_only = true,
                  .mode = 0400},
                 {.kind = MountSpec::Kind::file,
                  .target = base::RelPath::exact("run/key2"),
                  .source_fd = key.get(),
                  .source_is_directory = false,
                  .read_only = true,
                  .mode = 0755}};
  CHECK(steps.run(spec).out == "sesame\nsesame\n400 0:0\n755 0:0\nread-only\n1\n");
  CHECK_FALSE(steps.exists("run"));
}

TEST_CASE("mounts: a secret variable is in the environment", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell("echo $S");
  spec.secret_env = {"S=sesame"};
  CHECK(steps.run(spec).out == "sesame\n");
}

TEST_CASE("mounts: a file in memory for an owner that does not exist here is an error", "[step]") {
  // A record can name any.
  if (!can_run_steps() || has_id(4'000'000'000) || base::must_record_owners()) return;
  StepFixture steps;
  const base::UniqueFd key(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  auto spec = steps.shell("true");
  spec.mounts = {{.kind = MountSpec::Kind::file,
                  .target = base::RelPath::exact("key"),
                  .source_fd = key.get(),
                  .source_is_directory = false,
                  .uid = 4'000'000'000}};
  CHECK_THROWS_WITH(steps.run(spec), Catch::Contains("does not exist in this user namespace"));
}

TEST_CASE("mounts: nothing of them is left in the root, and its times come back", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.add_standard_directories();
  const std::array<timespec, 2> old = {{{1000, 0}, {1000, 0}}};
  for (const char* name : {"etc", "."}) {
    REQUIRE(::utimensat(steps.root().get(), name, old.data(), 0) == 0);
  }
  auto spec = steps.shell("busybox cat /etc/resolv.conf /etc/hosts /run/secrets/key");
  spec.resolv_conf = "nameserver 10.1.2.3\n";
  spec.hosts = "127.0.0.1 localhost\n";
  const base::TempDir other = make_scratch_dir();
  base::write_file_atomically(other.dir(), base::RelPath::exact("key"), "sesame\n");
  const auto key = open_path(other.host_path() + "/key");
  spec.mounts = {{.target = base::RelPath::exact("run/secrets/key"),
                  .source_fd = key.get(),
                  .source_is_directory = false,
                  .read_only = true}};
  CHECK(steps.run(spec).out == "nameserver 10.1.2.3\n127.0.0.1 localhost\nsesame\n");
  for (const char* name : {"etc", ""}) {
    CHECK(base::lstat_at(steps.root(), base::RelPath::clean(name)).st_mtim.tv_sec == 1000);
  }
  CHECK_FALSE(steps.exists("run"));
  CHECK_FALSE(steps.exists("etc/hosts"));
}

TEST_CASE("mounts: what a step writes beside a mount point stays", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell("echo x > /etc/new; echo y > /run/y; busybox mkdir /opt");
  spec.hosts = "h\n";
  spec.mounts = {{.kind = MountSpec::Kind::tmpfs, .target = base::RelPath::exact("run/tmp")}};
  REQUIRE(steps.run(spec).status.success());
  CHECK(steps.exists("etc/new"));
  CHECK(steps.exists("run/y"));
  CHECK_FALSE(steps.exists("run/tmp"));
  CHECK_FALSE(steps.exists("etc/hosts"));
}

TEST_CASE("mounts: resolv.conf and hosts cannot be written", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell(
      "(echo x > /etc/hosts) 2>/dev/null || echo refused; busybox rm /etc/hosts 2>/dev/null || "
      "echo busy");
  spec.hosts = "h\n";
  CHECK(steps.run(spec).out == "refused\nbusy\n");
}

TEST_CASE("mounts: a resolv.conf that is a link of the image is followed inside the root",
          "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const char* target = "../run/systemd/resolve/stub-resolv.conf";
  SECTION("dangling and relative") {}
  SECTION("absolute") { target = "/run/resolv.conf"; }
  SECTION("climbing out") { target = "../../../../../../tmp/resolv.conf"; }
  SECTION("into /dev") { target = "/dev/null"; }
  REQUIRE(::symlinkat(target, steps.root().get(), "etc/resolv.conf") == 0);
  auto spec =
      steps.shell("busybox cat /etc/resolv.conf; busybox ls -l /dev/null | busybox cut -c1");
  spec.resolv_conf = "nameserver 10.1.2.3\n";
  const std::string out = steps.run(spec).out;
  CHECK(out == (std::string(target) == "/dev/null" ? "c\n" : "nameserver 10.1.2.3\nc\n"));
  CHECK(names_in(steps.root()) == kStandardNames);
  CHECK(base::list_dir(steps.root(), base::RelPath::exact("dev")).empty());
  CHECK(base::read_link_at(steps.root(), base::RelPath::exact("etc/resolv.conf")) == target);
}

TEST_CASE("mounts: a resolv.conf that is a fifo or a device is covered", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  REQUIRE(::mkfifoat(steps.root().get(), "etc/resolv.conf", 0644) == 0);
  auto spec = steps.shell("busybox cat /etc/resolv.conf");
  spec.resolv_conf = "nameserver 10.1.2.3\n";
  CHECK(steps.run(spec).out == "nameserver 10.1.2.3\n");
}

TEST_CASE("mounts: an image whose /etc leads outside changes nothing there", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const base::TempDir outside = make_scratch_dir();
  REQUIRE(::unlinkat(steps.root().get(), "etc", AT_REMOVEDIR) == 0);
  REQUIRE(::symlinkat(outside.host_path().c_str(), steps.root().get(), "etc") == 0);
  auto spec = steps.shell("busybox cat /etc/hosts");
  spec.hosts = "h\n";
  CHECK(steps.run(spec).out == "h\n");
  CHECK(names_in(outside.dir()).empty());
}

TEST_CASE("mounts: an image whose /proc is a link is refused", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  base::make_dirs(steps.root(), base::RelPath::exact("fake"));
  REQUIRE(::symlinkat("fake", steps.root().get(), "proc") == 0);
  try {
    steps.run(steps.shell("true"));
    FAIL("nothing was thrown");
  } catch (const SandboxError& error) {
    CHECK(error.phase() == "mount /proc");
  }
}

TEST_CASE("mounts: binds are writable or read-only as asked", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const base::TempDir other = make_scratch_dir();
  auto spec = steps.shell("echo w > /rw/w; (echo w > /ro/x) 2>/dev/null || echo refused");
  const int fd = other.dir().get();
  spec.mounts = {{.target = base::RelPath::exact("rw"), .source_fd = fd},
                 {.target = base::RelPath::exact("ro"), .source_fd = fd, .read_only = true}};
  CHECK(steps.run(spec).out == "refused\n");
  CHECK(names_in(other.dir()) == std::vector<std::string>{"w"});
}

TEST_CASE("mounts: a tmpfs has the size and mode of the spec, and is gone after", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell(
      "busybox stat -c %a /t; busybox dd if=/dev/zero of=/t/f bs=1k count=100 2>/dev/null || echo "
      "full");
  spec.mounts = {{.kind = MountSpec::Kind::tmpfs,
                  .target = base::RelPath::exact("t"),
                  .size_bytes = 64 << 10,
                  .mode = 01770}};
  CHECK(steps.run(spec).out == "1770\nfull\n");
  CHECK_FALSE(steps.exists("t"));
}

TEST_CASE("mounts: one may lie in another, whatever their order", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const base::TempDir cache = make_scratch_dir();
  auto spec = steps.shell("echo i > /cache/sub/dir/i; busybox ls /cache/sub");
  spec.mounts = {{.kind = MountSpec::Kind::tmpfs, .target = base::RelPath::exact("cache/sub/dir")},
                 {.target = base::RelPath::exact("cache"), .source_fd = cache.dir().get()}};
  CHECK(steps.run(spec).out == "dir\n");
  CHECK(names_in(cache.dir()) == std::vector<std::string>{"sub"});
  CHECK_FALSE(base::try_lstat_at(cache.dir(), base::RelPath::exact("sub/dir/i")).has_value());
}

TEST_CASE("mounts: steps at once may make the same mount point in a cache that they share",
          "[step]") {
  if (!can_run_steps()) return;
  StepFixture one;
  StepFixture other;
  for (int round = 0; round < 40; ++round) {
    const base::TempDir cache = make_scratch_dir();
    const auto run_in = [&](StepFixture& steps) {
      auto spec = steps.shell("echo seen");
      spec.mounts = {
          {.target = base::RelPath::exact("cache"), .source_fd = cache.dir().get()},
          {.kind = MountSpec::Kind::tmpfs, .target = base::RelPath::exact("cache/a/b/c/d/e")}};
      return steps.run(spec).out;
    };
    auto beside = std::async(std::launch::async, [&] { return run_in(other); });
    CHECK(run_in(one) == "seen\n");
    CHECK(beside.get() == "seen\n");
  }
}

TEST_CASE("mounts: a target behind a link of the image stays inside", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const base::TempDir other = make_scratch_dir();
  base::write_file_atomically(other.dir(), base::RelPath::exact("f"), "inside\n");
  REQUIRE(::symlinkat("/../../../../../../../tmp/ibuild-target", steps.root().get(), "link") == 0);
  auto spec = steps.shell("busybox cat /link/f /tmp/ibuild-target/f");
  spec.mounts = {{.target = base::RelPath::exact("link"), .source_fd = other.dir().get()}};
  CHECK(steps.run(spec).out == "inside\ninside\n");
  CHECK(::access("/tmp/ibuild-target", F_OK) != 0);
  CHECK_FALSE(steps.exists("tmp"));
}

TEST_CASE("mounts: a target that a link leads into /proc is refused", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  REQUIRE(::symlinkat("/proc/self/task", steps.root().get(), "link") == 0);
  auto spec = steps.shell("true");
  spec.mounts = {{.kind = MountSpec::Kind::tmpfs, .target = base::RelPath::exact("link")}};
  CHECK_THROWS_AS(steps.run(spec), SandboxError);
  CHECK(names_in(steps.root()) ==
        std::vector<std::string>{"bin", "dev", "etc", "link", "proc", "sys"});
}

TEST_CASE("mounts: a file over a directory is a typed error", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  const auto file = open_path("/etc/hostname");
  auto spec = steps.shell("true");
  spec.mounts = {{.target = base::RelPath::exact("etc"),
                  .source_fd = file.get(),
                  .source_is_directory = false}};
  try {
    steps.run(spec);
    FAIL("nothing was thrown");
  } catch (const SandboxError& error) {
    CHECK(error.phase() == "mount /etc");
    CHECK(error.detail() == "the target is a directory, but the source is not");
  }
}

TEST_CASE("mounts: a read-only root cannot be written", "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  auto spec = steps.shell("(echo x > /x) 2>/dev/null || echo refused");
  spec.root_read_only = true;
  CHECK(steps.run(spec).out == "refused\n");
}

TEST_CASE("mounts: a detached overlay serves as root, and its upper directory holds the changes",
          "[step]") {
  if (!can_run_steps()) return;
  StepFixture steps;
  steps.add_standard_directories();
  const base::TempDir work = make_scratch_dir();
  for (const char* name : {"upper", "work"}) {
    base::make_dirs(work.dir(), base::RelPath::exact(name));
  }
  const base::UniqueFd context(::fsopen("overlay", FSOPEN_CLOEXEC));
  REQUIRE(context);
  auto set = [&](const char* key, const std::string& value) {
    REQUIRE(::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0);
  };
  set("lowerdir", steps.root_path());
  set("upperdir", work.host_path() + "/upper");
  set("workdir", work.host_path() + "/work");
  if (!is_real_root()) {
    REQUIRE(::fsconfig(context.get(), FSCONFIG_SET_FLAG, "userxattr", nullptr, 0) == 0);
  }
  REQUIRE(::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0);
  const base::UniqueFd overlay(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
  REQUIRE(overlay);
  // A base that lacked them would get /proc, /dev and /sys in this layer.
  auto spec = steps.shell("echo x > /new; busybox rm /bin/sh");
  spec.root_fd = overlay.get();
  spec.root_is_detached_mount = true;
  spec.hosts = "h\n";
  REQUIRE(steps.run(spec).status.success());
  const base::DirFd upper = base::open_dir_at(work.dir(), base::RelPath::exact("upper"));
  // /etc was copied up for the mount point of hosts, and is empty again.
  CHECK(names_in(upper) == std::vector<std::string>{"bin", "etc", "new"});
  CHECK(base::list_dir(upper, base::RelPath::exact("etc")).empty());
  CHECK(base::lstat_at(upper, base::RelPath::exact("etc")).st_mtim.tv_nsec ==
        base::lstat_at(steps.root(), base::RelPath::exact("etc")).st_mtim.tv_nsec);
  CHECK(steps.exists("bin/sh"));
}

TEST_CASE("mounts: a part of a detached mount is bound by itself", "[step]") {
  if (!can_run_steps()) return;
  const base::UniqueFd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  REQUIRE(context);
  REQUIRE(::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0);
  const base::DirFd tree(base::UniqueFd(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0)), "tree");
  base::make_dirs(tree, base::RelPath::exact("part/sub"));
  base::write_file_atomically(tree, base::RelPath::exact("part/f"), "in it\n");
  base::write_file_atomically(tree, base::RelPath::exact("outside"), "");
  const auto part = base::open_at(tree, base::RelPath::exact("part"), O_PATH);
  const auto file = base::open_at(tree, base::RelPath::exact("part/f"), O_PATH);
  StepFixture steps;
  auto spec = steps.shell(
      "busybox ls /a /a/..; busybox cat /b; echo new > /a/sub/g; (echo x > /b) 2>/dev/null || echo "
      "refused; busybox grep -c tree- /proc/mounts");
  spec.mounts = {
      {.target = base::RelPath::exact("a"), .source_fd = part.get(), .source_tree_fd = tree.get()},
      {.target = base::RelPath::exact("b"),
       .source_fd = file.get(),
       .source_is_directory = false,
       .source_tree_fd = tree.get(),
       .read_only = true}};
  CHECK(steps.run(spec).out ==
        "/a:\nf\nsub\n\n/a/..:\na\nb\nbin\ndev\netc\nproc\nsys\nin it\nrefused\n0\n");
  CHECK(base::read_file_at(tree, base::RelPath::exact("part/sub/g"), 10) == "new\n");
}

TEST_CASE("mounts: none of them shows up outside where mounts are shared", "[step]") {
  if (!can_run_steps() || !is_real_root()) return;
  CHECK(passes_in_fork([] {
    // As systemd sets up a machine: what is mounted in one place shows in its peers.
    if (!enter_own_mount_namespace()) return false;
    const auto before = mounts_here();
    StepFixture steps;
    const base::TempDir cache = make_scratch_dir();
    auto spec =
        steps.shell("busybox mount -t tmpfs none /cache && busybox mount -t tmpfs none /bin");
    spec.insecure = true;
    spec.mounts = {{.target = base::RelPath::exact("cache"), .source_fd = cache.dir().get()},
                   {.kind = MountSpec::Kind::tmpfs, .target = base::RelPath::exact("cache/sub")}};
    return steps.run(spec).status.success() && !has_new_mounts(before);
  }));
}

TEST_CASE("mounts: our umask does not hide them from the step's user", "[step]") {
  if (!can_run_steps() || !has_id(1000)) return;
  StepFixture steps;
  auto spec =
      steps.shell("busybox cat /etc/hosts; busybox ls -d /dev/shm /dev/pts; echo x > /dev/null");
  spec.hosts = "h\n";
  spec.uid = spec.gid = 1000;
  const mode_t before = ::umask(0777);
  const StepResult result = steps.run(spec);
  ::umask(before);
  CHECK(result.out == "h\n/dev/pts\n/dev/shm\n");
}

}  // namespace
}  // namespace ibuild::test
