// Disks that fail: the store lies on a file system on a loop device.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/e2e/support/machine.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

bool can_fail_disks() {
  const bool available = geteuid() == 0 && access("/dev/loop-control", R_OK | W_OK) == 0 &&
                         has_program("mkfs.ext4") && has_program("e2fsck");
  return test::can_run("loop", available, "root, a loop device and e2fsprogs are needed");
}

/// A machine whose store lies on `disk`, an ext4 of 200 MB in the file small/disk.img, while a
/// script runs.
struct FailingDisk {
  Machine machine{Who::root};

  FailingDisk() {
    machine.make_base();
    machine.must({"save", "-o", machine.path("base.tar"), "localhost/base:1"});
    machine.must_run(
        {"sh", "-c", "mkdir -p context && head -c 40000000 /dev/urandom >context/big"});
    machine.write("Dockerfile", "FROM localhost/base:1\nCOPY big /big\n");
  }

  /// `small` is the size of the tmpfs that the disk's file lies on: a write beyond it fails.
  Output run(const std::string& small, const std::string& mount_options,
             const std::string& script) {
    machine.write("script.sh",
                  "set -e\nmkdir -p small disk\n"
                  "mount -t tmpfs -o size=" +
                      small +
                      " tmpfs small\n"
                      "truncate -s 200M small/disk.img\n"
                      "mkfs.ext4 -q -J size=4 -E lazy_itable_init=1,nodiscard small/disk.img\n"
                      "mount_disk() { mount -o loop,errors=remount-ro" +
                      mount_options +
                      " small/disk.img disk; }\n"
                      "repair_disk() {\n"
                      "  code=0; e2fsck -fy small/disk.img >/dev/null || code=$?\n"
                      "  [ $code -le 2 ]\n}\n"
                      "code_of() { code=0; \"$@\" || code=$?; echo \"code $code\" >&2; }\n"
                      "trap 'umount disk; umount small' EXIT\n"
                      "mount_disk\n"
                      "export IBUILD_ROOT=$PWD/disk/store\n"
                      "\"$1\" load -q -i base.tar\n" +
                      script);
    return machine.run(
        {"unshare", "--mount", "--propagation", "private", "sh", "script.sh", binary()});
  }
};

}  // namespace

TEST_CASE(
    "robustness: a disk that fails to write fails the build with the reason; repaired, its "
    "store is good",
    "[e2e]") {
  if (!can_fail_disks()) return;
  FailingDisk disk;
  const auto output = disk.run("24m", ",sync",
                               "code_of \"$1\" build -t app:1 -f Dockerfile context\n"
                               "umount disk\n"
                               "mount -o remount,size=300m small\n"
                               "repair_disk\n"
                               "mount_disk\n"
                               "\"$1\" save -o again.tar localhost/base:1\n"
                               "\"$1\" build -q -t app:1 -f Dockerfile context\n"
                               "\"$1\" run app:1 cat /big | cmp - context/big\n");
  INFO(output.err << output.out);
  CHECK(output.code == 0);
  CHECK_THAT(output.err, Catch::Contains("code 1\n"));
  CHECK_THAT(output.err,
             Catch::Contains("input/output error") || Catch::Contains("no space left on device"));
  CHECK_THAT(output.err, Catch::Contains(disk.machine.path("disk/store")));
}

TEST_CASE("robustness: what a build wrote that never reached the disk is made again", "[e2e]") {
  if (!can_fail_disks()) return;
  FailingDisk disk;
  const auto output = disk.run("24m", "",
                               "code_of \"$1\" build -q -t app:1 -f Dockerfile context\n"
                               "umount disk\n"  // only now the kernel writes most of it
                               "mount -o remount,size=300m small\n"
                               "repair_disk\n"
                               "mount_disk\n"
                               "\"$1\" build -q -t app:1 -f Dockerfile context || {\n"
                               "  \"$1\" load -q -i base.tar\n"
                               "  \"$1\" build -q -t app:1 -f Dockerfile context\n}\n"
                               "\"$1\" run app:1 cat /big | cmp - context/big\n");
  INFO(output.err << output.out);
  CHECK(output.code == 0);
}

TEST_CASE(
    "robustness: a disk that fails to read fails the build with the file and the reason, and "
    "leaves no half an output",
    "[e2e]") {
  if (!can_fail_disks()) return;
  FailingDisk disk;
  const auto output =
      disk.run("600m", "",
               "\"$1\" build -q -t app:1 -f Dockerfile context\n"
               "umount disk\n"
               "cp small/disk.img small/good.img\n"
               "mount_disk\n"
               "truncate -s 12M small/disk.img\n"
               "code_of \"$1\" build -o type=tar,dest=out.tar -f Dockerfile context\n"
               "[ ! -e out.tar ]\n"
               "umount disk\n"
               "cp small/good.img small/disk.img\n"
               "repair_disk\n"
               "mount_disk\n"
               "\"$1\" build -q -o type=tar,dest=out.tar -f Dockerfile context\n"
               "tar -xOf out.tar big | cmp - context/big\n");
  INFO(output.err << output.out);
  CHECK(output.code == 0);
  CHECK_THAT(output.err, Catch::Contains("code 1\n"));
  // The loop device gives an error or zeros in place of what is gone, as it comes.
  const bool has_error = output.err.find("input/output error") != std::string::npos;
  if (has_error) {
    CHECK_THAT(output.err, Catch::Contains("hint: the disk fails") &&
                               Catch::Contains(disk.machine.path("disk/store")));
  } else {
    CHECK_THAT(output.err, Catch::Contains("ERROR: "));
  }
}
