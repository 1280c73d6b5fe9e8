#include "sandbox/root_mount.h"

#include <catch2/catch.hpp>

namespace ibuild::sandbox {
namespace {

TEST_CASE("root mount: an initramfs is one that has nothing below it", "[sandbox]") {
  CHECK(is_initramfs("1 1 0:2 / / rw - rootfs rootfs rw\n21 1 0:19 / /proc rw - proc p rw\n"));
  CHECK_FALSE(is_initramfs("21 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"));
  CHECK_FALSE(is_initramfs(""));
}

}  // namespace
}  // namespace ibuild::sandbox
