#include "sandbox/own_binary.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "sandbox/fail.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3
#endif

namespace ibuild::sandbox {

namespace {

constexpr const char* kPhase = "open own binary";
constexpr const char* kOwnBinary = "/proc/self/exe";

base::UniqueFd clone_file_mount(const char* path) {
  return base::UniqueFd(::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

bool is_own_binary(int fd) {
  struct stat own {};
  struct stat other {};
  return ::stat(kOwnBinary, &own) == 0 && ::fstat(fd, &other) == 0 && own.st_dev == other.st_dev &&
         own.st_ino == other.st_ino;
}

base::UniqueFd executable_memory_file() {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  base::UniqueFd file(::memfd_create("ibuild", kFlags | MFD_EXEC));
  if (!file) file.reset(::memfd_create("ibuild", kFlags));  // before MFD_EXEC all were executable
  if (!file) fail_with_errno(kPhase, "make memory file");
  return file;
}

}  // namespace

base::UniqueFd read_only_mount_of_own_binary() {
  base::UniqueFd mount = clone_file_mount(kOwnBinary);
  // After a change of the mount namespace the link leads into the old one, but the path into the
  // new one.
  if (!mount) {
    std::array<char, PATH_MAX> path{};
    if (::readlink(kOwnBinary, path.data(), path.size() - 1) < 0) return {};
    mount = clone_file_mount(path.data());
    if (!mount || !is_own_binary(mount.get())) return {};
  }
  mount_attr change{};
  change.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &change, sizeof change) != 0) return {};
  return mount;
}

base::UniqueFd sealed_copy_of_own_binary() {
  const base::UniqueFd original(::open(kOwnBinary, O_RDONLY | O_CLOEXEC));
  if (!original) fail_with_errno(kPhase, "open", kOwnBinary);
  base::UniqueFd copy = executable_memory_file();
  for (;;) {
    const ssize_t count = ::sendfile(copy.get(), original.get(), nullptr, 1 << 30);
    if (count < 0) fail_with_errno(kPhase, "copy", kOwnBinary);
    if (count == 0) break;
  }
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fcntl(copy.get(), F_ADD_SEALS, kSeals) != 0) fail_with_errno(kPhase, "seal copy");
  return copy;
}

base::UniqueFd open_own_binary() {
  base::UniqueFd mount = read_only_mount_of_own_binary();
  return mount ? std::move(mount) : sealed_copy_of_own_binary();
}

}  // namespace ibuild::sandbox
