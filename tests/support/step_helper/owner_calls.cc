#include "tests/support/step_helper/owner_calls.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr int kRounds = 3000;

int say(bool good) {
  std::puts(good ? "ok" : ::strerrorname_np(errno));
  return good ? 0 : 1;
}

/// A path's directory, open, and its last name.
struct Place {
  int dir = -1;
  std::string name;

  explicit Place(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    dir = ::open(path.substr(0, slash + 1).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    name = path.substr(slash + 1);
  }
};

long change_owner(std::string_view call, const char* path, unsigned uid, unsigned gid) {
  if (call == "chown") return ::syscall(SYS_chown, path, uid, gid);
  if (call == "lchown") return ::syscall(SYS_lchown, path, uid, gid);
  if (call == "fchown") return ::syscall(SYS_fchown, ::open(path, O_RDONLY), uid, gid);
  if (call == "fchownat") return ::fchownat(AT_FDCWD, path, uid, gid, 0);
  if (call == "fchownat-link") {
    return ::fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
  }
  if (call == "fchownat-dir") {
    const Place place(path);
    return ::fchownat(place.dir, place.name.c_str(), uid, gid, 0);
  }
  if (call == "fchownat-empty") {
    return ::fchownat(::open(path, O_PATH), "", uid, gid, AT_EMPTY_PATH);
  }
  if (call == "fchownat-flags") return ::fchownat(AT_FDCWD, path, uid, gid, 0x40000000);
  if (call == "fchown-fifo") return ::fchown(::open(path, O_RDWR | O_NONBLOCK), uid, gid);
  if (call == "fchown-bad") return ::fchown(999, uid, gid);
  errno = ENOSYS;
  return -1;
}

struct Shown {
  unsigned uid = 0;
  unsigned gid = 0;
  unsigned mode = 0;
  unsigned device_major = 0;
  unsigned device_minor = 0;
};

bool show_by_stat(std::string_view call, const char* path, Shown& shown) {
  struct stat info {};
  long result = -1;
  errno = ENOSYS;
  if (call == "stat") result = ::syscall(SYS_stat, path, &info);
  if (call == "lstat") result = ::syscall(SYS_lstat, path, &info);
  if (call == "fstat") result = ::syscall(SYS_fstat, ::open(path, O_RDONLY | O_NONBLOCK), &info);
  if (call == "fstat-path") result = ::syscall(SYS_fstat, ::open(path, O_PATH), &info);
  if (call == "fstatat") result = ::syscall(SYS_newfstatat, AT_FDCWD, path, &info, 0);
  if (call == "fstatat-link") {
    result = ::syscall(SYS_newfstatat, AT_FDCWD, path, &info, AT_SYMLINK_NOFOLLOW);
  }
  if (call == "fstatat-empty") {
    const int fd = ::open(path, O_PATH | O_NOFOLLOW);
    result = ::syscall(SYS_newfstatat, fd, "", &info, AT_EMPTY_PATH);
  }
  if (result != 0) return false;
  shown = {info.st_uid, info.st_gid, info.st_mode, major(info.st_rdev), minor(info.st_rdev)};
  return true;
}

bool show_by_statx(std::string_view call, const char* path, Shown& shown) {
  struct statx info {};
  int dir = AT_FDCWD;
  int flags = AT_SYMLINK_NOFOLLOW;
  if (call == "statx-empty") {
    dir = ::open(path, O_PATH | O_NOFOLLOW);
    path = "";
    flags = AT_EMPTY_PATH;
  }
  if (::statx(dir, path, flags, STATX_BASIC_STATS, &info) != 0) return false;
  shown = {info.stx_uid, info.stx_gid, info.stx_mode, info.stx_rdev_major, info.stx_rdev_minor};
  return true;
}

bool link_temporary_file(const char* path) {
  const Place place(path);
  const int fd = ::openat(place.dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0640);
  return fd >= 0 && ::linkat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str(), place.dir,
                             place.name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

long open_beneath(const char* path, std::uint64_t resolve) {
  const Place place(path);
  open_how how{};
  how.flags = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC;
  how.mode = 0640;
  how.resolve = resolve;
  return ::syscall(SYS_openat2, place.dir, place.name.c_str(), &how, sizeof how);
}

/// Gives a file CAP_NET_BIND_SERVICE.
bool set_capability(const char* path) {
  vfs_cap_data value{};
  value.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
  value.data[0].permitted = 1U << CAP_NET_BIND_SERVICE;
  return ::setxattr(path, "security.capability", &value, sizeof value, 0) == 0;
}

bool make_one(std::string_view call, const char* path) {
  const Place place(path);
  const char* name = place.name.c_str();
  const dev_t device = makedev(1, 3);
  if (call == "mkdir") return ::syscall(SYS_mkdir, path, 0750) == 0;
  if (call == "mkdirat") return ::mkdirat(place.dir, name, 0750) == 0;
  if (call == "symlink") return ::syscall(SYS_symlink, "to", path) == 0;
  if (call == "symlinkat") return ::symlinkat("to", place.dir, name) == 0;
  if (call == "fifo") return ::syscall(SYS_mknod, path, S_IFIFO | 0640, 0) == 0;
  if (call == "fifoat") return ::mknodat(place.dir, name, S_IFIFO | 0640, 0) == 0;
  if (call == "char") return ::syscall(SYS_mknod, path, S_IFCHR | 0640, device) == 0;
  if (call == "block") return ::mknodat(place.dir, name, S_IFBLK | 0640, device) == 0;
  if (call == "whiteout") return ::mknodat(place.dir, name, S_IFCHR, 0) == 0;
  if (call == "creat") return ::syscall(SYS_creat, path, 0640) >= 0;
  if (call == "open") return ::syscall(SYS_open, path, O_CREAT | O_WRONLY, 0640) >= 0;
  if (call == "open-place") return ::syscall(SYS_open, path, O_CREAT | O_PATH, 0640) >= 0;
  if (call == "openat") return ::openat(place.dir, name, O_CREAT | O_EXCL | O_RDWR, 0640) >= 0;
  if (call == "openat2") return open_beneath(path, 0) >= 0;
  if (call == "openat2-beneath") return open_beneath(path, RESOLVE_BENEATH) >= 0;
  if (call == "openat2-no-links") return open_beneath(path, RESOLVE_NO_SYMLINKS) >= 0;
  if (call == "capability") return set_capability(path);
  if (call == "tmpfile") return link_temporary_file(path);
  errno = ENOSYS;
  return false;
}

/// Calls `change` again and again in a thread of its own while the owner of `path` is changed.
template <typename Change>
int race(const char* path, const Change& change) {
  std::atomic<bool> stop{false};
  std::thread changer([&] {
    while (!stop) change();
  });
  for (int round = 0; round < kRounds; ++round) {
    change_owner("chown", path, 7, 8);
    change_owner("lchown", path, 7, 8);
    make_one("mkdir", (std::string(path) + "-made").c_str());
    make_one("open", (std::string(path) + "-new").c_str());
  }
  stop = true;
  changer.join();
  std::puts("ok");
  return 0;
}

}  // namespace

int own(char** argv) {
  const auto id = [&](int index) {
    return static_cast<unsigned>(std::strtoul(argv[index], nullptr, 0));
  };
  return say(change_owner(argv[2], argv[3], id(4), id(5)) == 0);
}

int show(char** argv) {
  const std::string_view call = argv[2];
  Shown shown;
  const bool good = call.starts_with("statx") ? show_by_statx(call, argv[3], shown)
                                              : show_by_stat(call, argv[3], shown);
  if (!good) return say(false);
  std::printf("%u:%u %o", shown.uid, shown.gid, shown.mode);
  if (S_ISCHR(shown.mode) || S_ISBLK(shown.mode)) {
    std::printf(" %u:%u", shown.device_major, shown.device_minor);
  }
  std::puts("");
  return 0;
}

int make(char** argv) { return say(make_one(argv[2], argv[3])); }

int flip(char** argv) {
  const std::string link = argv[2];
  const std::string other = link + "-other";
  bool is_a = false;
  return race(argv[5], [&] {
    is_a = !is_a;
    ::unlink(other.c_str());
    if (::symlink(argv[is_a ? 3 : 4], other.c_str()) == 0) ::rename(other.c_str(), link.c_str());
  });
}

int swap(char** argv) {
  return race(argv[4], [&] { ::renameat2(AT_FDCWD, argv[2], AT_FDCWD, argv[3], RENAME_EXCHANGE); });
}

int paths(char** argv) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  constexpr std::size_t kPages = 4;
  void* const map =
      ::mmap(nullptr, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  auto* const bytes = static_cast<char*>(map);
  if (map == MAP_FAILED || ::munmap(bytes + page, page) != 0) return say(false);
  constexpr std::string_view kPath = "/file";
  const std::string_view what = argv[2];
  char* path = bytes + page - kPath.size();
  if (what == "edge") path -= 1;  // with its zero
  if (what == "long") {
    path = bytes + 2 * page;
    std::memset(path, 'a', 2 * page);
    *path = '/';
  } else {
    kPath.copy(path, kPath.size());
  }
  return say(::syscall(SYS_chown, path, 7, 8) == 0);
}

int threads(char** argv) {
  const auto uid = static_cast<uid_t>(std::strtoul(argv[2], nullptr, 0));
  constexpr std::size_t kThreads = 3;
  std::atomic<bool> changed{false};
  std::array<long, kThreads> seen{};
  std::vector<std::thread> others;
  for (std::size_t i = 0; i < kThreads; ++i) {
    others.emplace_back([&, i] {
      while (!changed) std::this_thread::yield();
      seen.at(i) = ::syscall(SYS_geteuid);
      if (i == 0) make_one("open", "/made-by-thread");
    });
  }
  if (::setgid(uid) != 0 || ::setuid(uid) != 0) return say(false);
  changed = true;
  for (std::thread& other : others) other.join();
  for (long id : seen) std::printf("%ld ", id);
  Shown shown;
  if (!show_by_stat("stat", "/made-by-thread", shown)) return say(false);
  std::printf("%u:%u\n", shown.uid, shown.gid);
  return 0;
}

int become(char** argv) {
  const auto uid = static_cast<uid_t>(std::strtoul(argv[2], nullptr, 0));
  const auto gid = static_cast<gid_t>(std::strtoul(argv[3], nullptr, 0));
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || ::setresuid(uid, uid, uid) != 0 ||
      ::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0 || ::setresgid(gid, gid, gid) != 0 ||
      ::setgroups(1, &gid) != 0) {
    return say(false);
  }
  std::array<gid_t, 4> groups{};
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  std::printf("%u %u", ::getuid(), ::getegid());
  for (int i = 0; i < count; ++i) std::printf(" %u", groups.at(static_cast<std::size_t>(i)));
  std::puts("");
  return 0;
}

int limit(char**) {
  const rlimit64 none{RLIM64_INFINITY, RLIM64_INFINITY};
  const rlimit64 small{1, 2};
  rlimit64 old{};
  if (::setrlimit64(RLIMIT_RTTIME, &none) != 0 ||
      ::syscall(SYS_setrlimit, RLIMIT_RTTIME, &small) != 0 ||
      ::prlimit64(0, RLIMIT_RTTIME, &small, nullptr) != 0 ||
      ::prlimit64(::getpid(), RLIMIT_RTTIME, &none, &old) != 0) {
    return say(false);
  }
  const bool was_none = old.rlim_cur == RLIM64_INFINITY && old.rlim_max == RLIM64_INFINITY;
  std::printf("%u %s\n", ::getuid(), was_none ? "none" : "some");
  return 0;
}

int exchange(char** argv) {
  return say(::renameat2(AT_FDCWD, argv[2], AT_FDCWD, argv[3], RENAME_EXCHANGE) == 0);
}

int die(char** argv) {
  const int count = std::atoi(argv[2]);
  for (int i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) change_owner("chown", "/file", 7, 8);
    }
    ::usleep(static_cast<useconds_t>(i % 50) * 20);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  std::puts("ok");
  return 0;
}
