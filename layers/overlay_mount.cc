// See: Documentation/filesystems/overlayfs.rst of Linux; fsopen(2), mount(2), open_tree(2).
#include "layers/overlay_mount.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::layers {

namespace {

std::string proc_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

std::string hint_for(int error_number, const OverlayParts& parts) {
  struct statfs info {};
  const bool is_known = ::fstatfs(parts.upper.get(), &info) == 0;
  if (is_known && static_cast<unsigned long>(info.f_type) == OVERLAYFS_SUPER_MAGIC) {
    return "the store lies on an overlay file system itself (a container's root?): put it on a "
           "volume with --root or IBUILD_ROOT";
  }
  if (error_number == ENODEV) return "the kernel has no overlayfs: modprobe overlay";
  if (error_number == EPERM && parts.xattrs == OverlayXattrs::user) {
    return "overlayfs in a user namespace needs Linux 5.11";
  }
  if (error_number == EPERM) return "mounting needs CAP_SYS_ADMIN";
  if (error_number == EINVAL || error_number == EACCES || error_number == EOPNOTSUPP) {
    return "overlayfs cannot write to all file systems (not to FAT, NFS, ext4 with casefold): put "
           "the store on ext4, XFS, btrfs or tmpfs with --root or IBUILD_ROOT";
  }
  return "";
}

[[noreturn]] void fail(int error_number, const OverlayParts& parts, const std::string& kernel_log) {
  std::string what = parts.upper.shown_as();
  if (!kernel_log.empty()) what += " (" + base::printable(kernel_log) + ")";
  base::SystemError error(error_number, "mount an overlay on", what);
  error.set_hint(hint_for(error_number, parts));
  throw error;
}

/// An overlay that is being put together with fsopen(2).
class MountContext {
 public:
  explicit MountContext(const OverlayParts& parts)
      : parts_(parts), fd_(::fsopen("overlay", FSOPEN_CLOEXEC)) {
    if (!fd_) fail(errno, parts_, "");
  }
  /// False when the kernel does not take it; errno says why.
  bool try_set(const char* key, const std::string& value) {
    return ::fsconfig(fd_.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0;
  }
  void set(const char* key, const std::string& value) {
    if (!try_set(key, value)) fail(errno, parts_, log());
  }
  void set_flag(const char* key) {
    if (::fsconfig(fd_.get(), FSCONFIG_SET_FLAG, key, nullptr, 0) != 0) fail(errno, parts_, log());
  }
  /// None when creating fails in a way that older kernels do for options they do not know.
  std::optional<base::UniqueFd> mount() {
    if (::fsconfig(fd_.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
      const int error_number = errno;
      const std::string said = log();
      if (error_number == EINVAL && said.empty()) return std::nullopt;
      fail(error_number, parts_, said);
    }
    base::UniqueFd mounted(::fsmount(fd_.get(), FSMOUNT_CLOEXEC, 0));
    if (!mounted) fail(errno, parts_, log());
    return mounted;
  }
  /// What the kernel has to say about the last failure.
  std::string log() {
    const int error_number = errno;
    std::string text;
    char line[512];
    for (ssize_t size; (size = ::read(fd_.get(), line, sizeof line)) > 0;) {
      if (!text.empty()) text += "; ";
      text += base::trim(std::string_view(line, static_cast<std::size_t>(size)));
    }
    errno = error_number;
    return text;
  }

 private:
  const OverlayParts& parts_;
  base::UniqueFd fd_;
};

/// None when the kernel is too old for this.
std::optional<base::UniqueFd> mount_appended(const OverlayParts& parts) {
  MountContext context(parts);
  for (std::size_t i = 0; i < parts.lower_count; ++i) {
    const base::DirFd lower = parts.open_lower(i);
    if (context.try_set("lowerdir+", proc_path(lower.get()))) continue;
    const int error_number = errno;
    const std::string said = context.log();
    if (i == 0 && error_number == EINVAL && said.find("lowerdir+") != std::string::npos) {
      return std::nullopt;
    }
    fail(error_number, parts, said);
  }
  context.set("upperdir", proc_path(parts.upper.get()));
  context.set("workdir", proc_path(parts.work.get()));
  context.set("metacopy", "off");
  context.set("index", "off");
  context.set_flag("volatile");
  // In a user namespace redirects are never followed, and naming them is an error.
  if (parts.xattrs == OverlayXattrs::user) {
    context.set_flag("userxattr");
  } else {
    context.set("redirect_dir", "nofollow");
  }
  return context.mount();
}

std::string host_path_of(int fd) {
  char target[PATH_MAX];
  const ssize_t size = ::readlink(proc_path(fd).c_str(), target, sizeof target);
  if (size < 0) throw base::SystemError("read link", proc_path(fd));
  return {target, static_cast<std::size_t>(size)};
}

/// The same directory as seen from this thread's mount namespace.
base::UniqueFd reopen(const base::DirFd& dir) {
  const std::string path = host_path_of(dir.get());
  base::UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw base::SystemError("open", path);
  struct stat wanted {};
  struct stat found {};
  if (::fstat(dir.get(), &wanted) != 0 || ::fstat(fd.get(), &found) != 0) {
    throw base::SystemError("stat", path);
  }
  if (wanted.st_dev != found.st_dev || wanted.st_ino != found.st_ino) {
    throw base::Error(path + " was replaced while it was being mounted");
  }
  return fd;
}

/// Requires: a thread that shares neither mount namespace nor current directory.
base::UniqueFd mount_with_option_text(const OverlayParts& parts) {
  std::vector<base::UniqueFd> opened;
  // Descriptor numbers below /proc/self/fd are the shortest names there are: the kernel takes one
  // page of option text.
  auto name_of = [&](const base::DirFd& dir) {
    opened.push_back(reopen(dir));
    return std::to_string(opened.back().get());
  };
  std::string options = "lowerdir=";
  for (std::size_t i = 0; i < parts.lower_count; ++i) {
    options += (i == 0 ? "" : ":") + name_of(parts.open_lower(i));
  }
  options += ",upperdir=" + name_of(parts.upper) + ",workdir=" + name_of(parts.work);
  options += ",metacopy=off,index=off";
  options += parts.xattrs == OverlayXattrs::user ? ",userxattr" : ",redirect_dir=nofollow";
  const std::string mount_point = host_path_of(parts.upper.get());
  if (::chdir("/proc/self/fd") != 0) throw base::SystemError("enter", "/proc/self/fd");
  auto mount_with = [&](const std::string& text) {
    return ::mount("overlay", mount_point.c_str(), "overlay", 0, text.c_str()) == 0;
  };
  if (!mount_with(options + ",volatile") && !(errno == EINVAL && mount_with(options))) {
    fail(errno, parts, "");
  }
  base::UniqueFd clone(
      ::open_tree(AT_FDCWD, mount_point.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!clone) throw base::SystemError("clone the mount", mount_point);
  return clone;
}

/// The mount is made in a namespace that ends with its thread, so that it never shows in ours; a
/// detached clone of it stays.
base::UniqueFd mount_in_own_namespace(const OverlayParts& parts) {
  base::UniqueFd mounted;
  std::exception_ptr failure;
  std::thread([&] {
    try {
      // Takes current directory and root apart from the other threads' as well.
      if (::unshare(CLONE_NEWNS) != 0) fail(errno, parts, "");
      if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        throw base::SystemError("make private the mounts of", "/");
      }
      mounted = mount_with_option_text(parts);
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return mounted;
}

/// An older kernel would refuse the first layer, and say so in its log at each step.
bool may_know_appended_layers() {
  utsname system{};
  if (::uname(&system) != 0) return true;
  const auto numbers = base::split(system.release, '.');
  const auto version = base::parse_u64(numbers[0]);
  const auto patch = numbers.size() > 1 ? base::parse_u64(numbers[1]) : std::nullopt;
  return !version || !patch || *version > 6 || (*version == 6 && *patch >= 7);
}

}  // namespace

base::DirFd mount_overlay(const OverlayParts& parts, std::optional<OverlayMethod> only) {
  std::optional<base::UniqueFd> mounted;
  const bool may_append =
      only ? only == OverlayMethod::appended_layers : may_know_appended_layers();
  if (may_append) mounted = mount_appended(parts);
  if (!mounted && only == OverlayMethod::appended_layers) {
    throw base::Error("this kernel takes no overlay layers one by one (needs Linux 6.7)");
  }
  if (!mounted) mounted = mount_in_own_namespace(parts);
  return {*std::move(mounted), "the overlay on " + parts.upper.shown_as()};
}

}  // namespace ibuild::layers
