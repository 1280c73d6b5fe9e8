// A keeper acts with the rights of the user who builds. What a step could make it do beyond the
// step's own root; each case ends with a look at what lies outside.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/support/scratch_dir.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

bool has_keeper() { return can_run_steps() && base::must_record_owners(); }

/// A file and a directory of the user's beside a step's root.
class Outside {
 public:
  Outside() : scratch_(make_scratch_dir()) {
    base::write_file_atomically(scratch_.dir(), base::RelPath::exact("file"), "text", 0644);
    base::make_dirs(scratch_.dir(), base::RelPath::exact("dir"));
    struct stat info {};
    REQUIRE(::fstatat(scratch_.dir().get(), "file", &info, 0) == 0);
    changed_ = info.st_ctim;
  }
  std::string path() const { return scratch_.host_path(); }
  void check_untouched() const {
    CHECK_FALSE(base::read_owner_record_at(scratch_.dir().get(), "file"));
    CHECK_FALSE(base::read_owner_record_at(scratch_.dir().get(), "dir"));
    CHECK(base::list_dir(scratch_.dir()).size() == 2);
    CHECK(base::list_dir(base::open_dir_at(scratch_.dir(), base::RelPath::exact("dir"))).empty());
    struct stat info {};
    REQUIRE(::fstatat(scratch_.dir().get(), "file", &info, 0) == 0);
    CHECK(info.st_ctim.tv_sec == changed_.tv_sec);
    CHECK(info.st_ctim.tv_nsec == changed_.tv_nsec);
  }

 private:
  base::TempDir scratch_;
  timespec changed_{};
};

TEST_CASE("keeper attack: paths and links lead no further than the root", "[step]") {
  if (!has_keeper()) return;
  StepFixture steps;
  steps.add_standard_directories();
  steps.add_helper();
  const Outside outside;
  const std::string ups = "/../../../../../../../..";
  const std::string to = outside.path();
  const std::string script =
      "busybox ln -s " + to + "/file /absolute; busybox ln -s " + ups.substr(1) + to +
      "/file /up; busybox ln -s " + to + " /dir; for t in " + to + " " + ups + to +
      " /proc/self/root" + to + " /proc/1/root" + ups + to + " /proc/self/cwd" + ups + to +
      " /dir; do for c in chown lchown fchownat fchownat-dir; do /bin/helper own $c $t/file 7 8; "
      "done; for c in mkdir mkdirat symlink fifo char creat open openat openat2 openat2-beneath "
      "tmpfile; do /bin/helper make $c $t/dir/new-$c; done; done; "
      "for l in /absolute /up; do /bin/helper own chown $l 7 8; done; echo done";
  for (const std::uint32_t uid : {0U, 1000U}) {
    auto spec = steps.shell(script);
    spec.uid = uid;
    const StepResult result = steps.run(spec);
    CHECK_THAT(result.out, Catch::EndsWith("done\n"));
    CHECK(result.out.find("ok") == std::string::npos);
    outside.check_untouched();
    steps.run(steps.shell("busybox rm -f /absolute /up /dir"));
  }
}

TEST_CASE("keeper attack: a second chroot is no way above the first", "[step]") {
  if (!has_keeper()) return;
  StepFixture steps;
  steps.add_helper();
  const Outside outside;
  const std::string ups = "../../../../../../../../../..";
  steps.run(steps.shell(
      "busybox mkdir -p /jail/bin; busybox cp /bin/helper /bin/busybox /jail/bin;"
      "busybox ln -s " +
      outside.path() +
      "/file /jail/link; busybox chroot /jail /bin/busybox sh -c '"
      "/bin/helper own chown " +
      ups + outside.path() + "/file 7 8; /bin/helper own chown /link 7 8; /bin/helper make mkdir " +
      ups + outside.path() + "/new'"));
  outside.check_untouched();
}

TEST_CASE("keeper attack: links that change while the keeper walks lead nowhere", "[step][slow]") {
  if (!has_keeper()) return;
  StepFixture steps;
  steps.add_helper();
  const Outside outside;
  steps.out_of("busybox mkdir /in /in/dir; echo > /in/file");
  auto spec = steps.spec({"/bin/helper", "flip", "/link", "/in", outside.path(), "/link/file"});
  CHECK(steps.run(spec).out == "ok\n");
  outside.check_untouched();
  spec.uid = 1000;
  CHECK(steps.run(spec).out == "ok\n");
  outside.check_untouched();
}

TEST_CASE("keeper attack: directories that change places lead nowhere", "[step][slow]") {
  if (!has_keeper()) return;
  StepFixture steps;
  steps.add_helper();
  const Outside outside;
  steps.out_of("busybox mkdir -p /a/b/c /d; echo > /a/b/c/file; echo > /d/file");
  const std::string ups = "../../../../../../../../../../..";
  const auto spec =
      steps.spec({"/bin/helper", "swap", "/a/b", "/d", "/a/b/c/" + ups + outside.path() + "/file"});
  CHECK(steps.run(spec).out == "ok\n");
  outside.check_untouched();
}

TEST_CASE("keeper attack: what is mounted read-only stays as it is", "[step]") {
  if (!has_keeper()) return;
  StepFixture steps;
  steps.add_helper();
  const Outside outside;
  const base::DirFd dir = base::DirFd::open(outside.path());
  for (const std::uint32_t uid : {0U, 1000U}) {
    auto spec = steps.shell(
        "/bin/helper own chown /ro/file 7 8; /bin/helper make mkdir /ro/new;"
        "/bin/helper make char /ro/null; /bin/helper make open /ro/made");
    spec.uid = uid;
    spec.mounts = {{.target = base::RelPath::exact("ro"),
                    .source_fd = dir.get(),
                    .source_is_directory = true,
                    .read_only = true}};
    const std::string out = steps.run(spec).out;
    INFO(out);
    CHECK(out.find("ok") == std::string::npos);
    CHECK(out.find("EROFS") != std::string::npos);
    outside.check_untouched();
  }
}

TEST_CASE("keeper attack: a step that kills those who wait, or all of itself, ends", "[step]") {
  if (!has_keeper()) return;
  StepFixture steps;
  steps.write("file", "text");
  CHECK(steps.helper({"die", "200"}) == "ok");
  CHECK(steps.run(steps.shell("/bin/helper die 100000 & busybox usleep 30000; kill -9 $!; exit 3"))
            .status.code == 3);
}

TEST_CASE("keeper attack: the keeper cannot be signalled, traced or seen", "[step][own-pids]") {
  if (!has_keeper()) return;
  StepFixture steps;
  steps.add_standard_directories();
  CHECK(steps.out_of("busybox cat /proc/[0-9]*/comm").find("keeper") == std::string::npos);
  // One process alone, and nobody to be sent a signal by -1.
  CHECK(steps.out_of("busybox chown 1:1 /bin; kill -9 -1; busybox stat -c %u /bin") == "1\n");
}

TEST_CASE("keeper attack: a limit that a step sets itself names no one but who it knows",
          "[step]") {
  if (!has_keeper()) return;
  StepFixture steps;
  // RLIMIT_RTTIME, where the number of the credentials lies: one that was never given is the first.
  const std::string out = steps.out_of(
      "ulimit -R 12345 2>/dev/null; busybox id -u; busybox chown 5:5 /bin; "
      "busybox stat -c %u /bin");
  CHECK(out == "0\n5\n");
}

}  // namespace
}  // namespace ibuild::test
