// What the keeper answers, as steps see it. They ask one where a user has a single id only.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <vector>

#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::test {
namespace {

bool has_keeper() { return can_run_steps() && base::must_record_owners(); }

class KeeperSteps : public StepFixture {
 public:
  KeeperSteps() { write("file", "text"); }

  std::string own(const std::string& call, const std::string& path, const std::string& uid,
                  const std::string& gid) {
    return helper({"own", call, path, uid, gid});
  }
  std::string show(const std::string& call, const std::string& path) {
    return helper({"show", call, path});
  }
  /// Runs the helper as another user.
  std::string as_user(std::uint32_t uid, std::uint32_t gid, std::vector<std::string> arguments) {
    if (!exists("bin/helper")) add_helper();
    arguments.insert(arguments.begin(), "/bin/helper");
    auto spec = this->spec(std::move(arguments));
    spec.uid = uid;
    spec.gid = gid;
    std::string out = run(spec).out;
    if (out.ends_with('\n')) out.pop_back();
    return out;
  }
  std::optional<base::OwnerRecord> record_of(const std::string& path) const {
    return base::read_owner_record_at(root().get(), path);
  }
};

TEST_CASE("owner calls: each way to change an owner is recorded", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  std::uint32_t id = 100;
  for (const char* call : {"chown", "lchown", "fchown", "fchownat", "fchownat-link", "fchownat-dir",
                           "fchownat-empty"}) {
    INFO(call);
    ++id;
    CHECK(steps.own(call, "/file", std::to_string(id), std::to_string(id + 1)) == "ok");
    CHECK(steps.record_of("file") == base::OwnerRecord{.uid = id, .gid = id + 1});
  }
  CHECK(steps.own("chown", "/file", "0xffffffff", "7") == "ok");
  CHECK(steps.own("chown", "/file", "8", "0xffffffff") == "ok");
  CHECK(steps.record_of("file") == base::OwnerRecord{.uid = 8, .gid = 7});
}

TEST_CASE("owner calls: what fails elsewhere fails with the same error", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  CHECK(steps.own("chown", "/no", "1", "1") == "ENOENT");
  CHECK(steps.own("chown", "/file/x", "1", "1") == "ENOTDIR");
  CHECK(steps.own("fchownat-flags", "/file", "1", "1") == "EINVAL");
  CHECK(steps.own("fchown-bad", "/file", "1", "1") == "EBADF");
  CHECK(steps.helper({"paths", "edge"}) == "ok");
  CHECK(steps.helper({"paths", "hole"}) == "EFAULT");
  CHECK(steps.helper({"paths", "long"}) == "ENAMETOOLONG");
  CHECK(steps.helper({"call", std::to_string(SYS_chown), "0", "1", "1"}) == "EFAULT");
  CHECK(steps.helper({"call", std::to_string(SYS_setgroups), "70000", "0"}) == "EINVAL");
  CHECK(steps.helper({"call", std::to_string(SYS_setgroups), "2", "8"}) == "EFAULT");
  CHECK(steps.helper({"call", std::to_string(SYS_setuid), "0xffffffff"}) == "EINVAL");
  CHECK(steps.helper({"call", std::to_string(SYS_getresuid), "8", "8", "8"}) == "EFAULT");
}

TEST_CASE("owner calls: each way to look shows what was recorded", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  REQUIRE(steps.own("chown", "/file", "70000", "8") == "ok");
  for (const char* call : {"stat", "lstat", "fstat", "fstat-path", "fstatat", "fstatat-link",
                           "fstatat-empty", "statx", "statx-empty"}) {
    INFO(call);
    CHECK(steps.show(call, "/file") == "70000:8 100644");
    CHECK(steps.show(call, "/bin") == "0:0 40755");
    CHECK(steps.show(call, "/no").starts_with("E"));
  }
}

TEST_CASE("owner calls: links have owners of their own, also when they are renamed", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  steps.out_of("busybox ln -s file /link; busybox mkfifo /fifo");
  steps.add_helper();
  CHECK(steps.out_of("/bin/helper own lchown /link 5 6; /bin/helper own chown /fifo 9 9;"
                     "busybox mv /link /other; busybox ln /fifo /fifo2;"
                     "/bin/helper show lstat /other; /bin/helper show stat /other;"
                     "/bin/helper show lstat /fifo2") ==
        "ok\nok\n5:6 120777\n0:0 100644\n9:9 10644\n");
}

TEST_CASE("owner calls: a change of owner takes setuid bits away", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  steps.out_of("busybox chmod 6755 /file");
  REQUIRE(steps.own("chown", "/file", "5", "5") == "ok");
  CHECK(steps.show("stat", "/file") == "5:5 100755");
}

TEST_CASE("owner calls: devices are made, are shown, and cannot be by others than root", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  CHECK(steps.helper({"make", "char", "/null"}) == "ok");
  CHECK(steps.helper({"make", "block", "/disk"}) == "ok");
  CHECK(steps.show("stat", "/null") == "0:0 20640 1:3");
  CHECK(steps.show("statx", "/disk") == "0:0 60640 1:3");
  CHECK(steps.record_of("null") == base::OwnerRecord{0, 0, S_IFCHR, 1, 3});
  CHECK(steps.helper({"make", "char", "/null"}) == "EEXIST");
  // The mark of overlayfs for what is deleted: as the kernel has it, without a record.
  CHECK(steps.helper({"make", "whiteout", "/gone"}) == "ok");
  CHECK_FALSE(steps.record_of("gone"));
  CHECK(steps.as_user(1000, 1000, {"make", "char", "/mine"}) == "EPERM");
  CHECK(steps.own("chown", "/null", "3", "4") == "ok");
  CHECK(steps.show("stat", "/null") == "3:4 20640 1:3");
}

TEST_CASE("owner calls: what another user makes is that user's", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  base::make_dirs(steps.root(), base::RelPath::exact("open"), 0777);
  for (const char* call : {"mkdir", "mkdirat", "symlink", "symlinkat", "fifo", "fifoat", "creat",
                           "open", "openat", "openat2", "openat2-beneath", "tmpfile"}) {
    INFO(call);
    const std::string path = std::string("/open/") + call;
    CHECK(steps.as_user(1000, 50, {"make", call, path}) == "ok");
  }
  for (const char* call :
       {"mkdir", "mkdirat", "creat", "open", "openat", "openat2", "openat2-beneath", "tmpfile"}) {
    INFO(call);
    CHECK(steps.record_of(std::string("open/") + call) ==
          base::OwnerRecord{.uid = 1000, .gid = 50});
  }
}

TEST_CASE("owner calls: special files of another user are reported at the end", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  base::make_dirs(steps.root(), base::RelPath::exact("open"), 0777);
  steps.add_helper();
  struct Owners : Recorder {
    void owners_recorded(const std::vector<base::SpecialOwner>& list) override { owners = list; }
    std::vector<base::SpecialOwner> owners;
  } recorder;
  auto spec =
      steps.shell("for c in symlink symlinkat fifo fifoat; do /bin/helper make $c /open/$c; done");
  spec.uid = 1000;
  spec.gid = 50;
  REQUIRE(steps.sandbox().run(spec, recorder, {}).success());
  REQUIRE(recorder.owners.size() == 4);
  const base::SpecialOwners owners(recorder.owners);
  for (const char* name : {"symlink", "symlinkat", "fifo", "fifoat"}) {
    const auto path = std::string("open/") + name;
    const auto found = owners.find(base::identity_of(steps.root().get(), path.c_str()));
    CHECK(found == base::OwnerRecord{.uid = 1000, .gid = 50});
  }
}

TEST_CASE("owner calls: in a setgid directory things get its group", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  steps.add_helper();
  CHECK(steps.out_of("busybox mkdir /d; busybox chown 0:50 /d; busybox chmod 2777 /d;"
                     "/bin/helper make open /d/file; /bin/helper make mkdir /d/sub;"
                     "/bin/helper show stat /d/file; /bin/helper show stat /d/sub") ==
        "ok\nok\n0:50 100640\n0:50 42750\n");
}

TEST_CASE("owner calls: the umask counts", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  base::make_dirs(steps.root(), base::RelPath::exact("open"), 0777);
  steps.add_helper();
  auto spec = steps.shell(
      "umask 077; /bin/helper make open /open/f; /bin/helper make mkdir /open/d;"
      "/bin/helper show stat /open/f; /bin/helper show stat /open/d");
  spec.uid = spec.gid = 1000;
  CHECK(steps.run(spec).out == "ok\nok\n1000:1000 100600\n1000:1000 40700\n");
}

TEST_CASE("owner calls: who a process is comes through fork and exec, and holds for all threads",
          "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  REQUIRE(::fchmod(steps.root().get(), 0777) == 0);
  CHECK(steps.helper({"threads", "1000"}) == "1000 1000 1000 1000:1000");
  auto spec =
      steps.shell("busybox id -u; busybox id -g; busybox id -G; busybox sh -c 'busybox id -u'");
  spec.uid = 1000;
  spec.gid = 50;
  spec.additional_gids = {7, 60};
  CHECK(steps.run(spec).out == "1000\n50\n50 7 60\n1000\n");
  CHECK(steps.as_user(1000, 50, {"call", std::to_string(SYS_setuid), "0"}) == "EPERM");
  CHECK(steps.as_user(1000, 50, {"call", std::to_string(SYS_setgroups), "0", "0"}) == "EPERM");
}

TEST_CASE("owner calls: groups can be changed after the user where capabilities are kept",
          "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  CHECK(steps.helper({"become", "1000", "50"}) == "1000 50 50");
  // Only one who was root has any to keep.
  CHECK(steps.as_user(1000, 1000, {"become", "1000", "50"}) == "EPERM");
  CHECK(steps.helper({"call", std::to_string(SYS_prctl), "8", "2"}) == "EINVAL");
}

TEST_CASE("owner calls: who sets all limits stays who it is", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  CHECK(steps.as_user(1000, 1000, {"limit"}) == "1000 none");
  CHECK(steps.helper({"limit"}) == "0 none");
}

TEST_CASE("owner calls: others may give their files to their groups, and nobody's away", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  REQUIRE(steps.own("chown", "/file", "1000", "50") == "ok");
  CHECK(steps.as_user(1000, 50, {"own", "chown", "/file", "1000", "50"}) == "ok");
  CHECK(steps.as_user(1000, 60, {"own", "chown", "/file", "0xffffffff", "60"}) == "ok");
  CHECK(steps.as_user(1000, 60, {"own", "chown", "/file", "0xffffffff", "61"}) == "EPERM");
  CHECK(steps.as_user(1000, 60, {"own", "chown", "/file", "0", "60"}) == "EPERM");
  CHECK(steps.as_user(1001, 60, {"own", "chown", "/file", "1001", "60"}) == "EPERM");
}

TEST_CASE("owner calls: they work as well below a second root", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  steps.add_helper();
  steps.out_of("busybox mkdir -p /jail/bin; busybox cp /bin/helper /bin/busybox /jail/bin");
  CHECK(steps.out_of("busybox chroot /jail /bin/helper own chown /bin/busybox 5 6;"
                     "busybox chroot /jail /bin/helper show stat /bin/busybox;"
                     "busybox chroot /jail /bin/helper make char /null;"
                     "busybox stat -c %u:%g /jail/bin/busybox; busybox stat -c %F /jail/null") ==
        "ok\n5:6 100755\nok\n5:6\ncharacter special file\n");
}

TEST_CASE("owner calls: standard output can be given away without effect", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  steps.add_standard_directories();
  CHECK(steps.out_of("busybox chown 5:6 /dev/stdout /proc/self/fd/2 && echo good") == "good\n");
}

TEST_CASE("owner calls: a secret, and what the spec names, belong to whom they should", "[step]") {
  if (!has_keeper()) return;
  KeeperSteps steps;
  steps.add_helper();
  steps.out_of("busybox ln -s file /link");
  const base::UniqueFd secret(::open("/proc/self/comm", O_RDONLY | O_CLOEXEC));
  auto spec = steps.shell("/bin/helper show stat /key; /bin/helper show lstat /link");
  spec.mounts = {{.kind = sandbox::MountSpec::Kind::file,
                  .target = base::RelPath::exact("key"),
                  .source_fd = secret.get(),
                  .source_is_directory = false,
                  .mode = 0440,
                  .uid = 1000,
                  .gid = 50}};
  spec.special_owners = {{base::identity_of(steps.root().get(), "link"), {.uid = 11, .gid = 12}}};
  CHECK(steps.run(spec).out == "1000:50 100440\n11:12 120777\n");
}

}  // namespace
}  // namespace ibuild::test
