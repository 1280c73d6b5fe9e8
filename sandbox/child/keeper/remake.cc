// See: "Inode properties" in Documentation/filesystems/overlayfs.rst of Linux.
#include "sandbox/child/keeper/remake.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <string>

#include "base/error.h"
#include "base/owner_record.h"
#include "base/scope_exit.h"

namespace ibuild::sandbox {

namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1000000000;
constexpr int kMostNames = 16;

void check(int result) {
  if (result < 0) throw base::SystemError("make anew", "");
}

struct stat stat_of(int fd) {
  struct stat info {};
  check(::fstat(fd, &info));
  return info;
}

/// A name beside the place that nothing has. What is made there has it for some microseconds.
std::string make_beside(const NewPlace& place, int old, const struct stat& info) {
  std::array<char, PATH_MAX> text{};
  if (S_ISLNK(info.st_mode)) {
    check(static_cast<int>(::readlinkat(old, "", text.data(), text.size() - 1)));
  }
  for (int i = 0; i < kMostNames; ++i) {
    std::string name = ".ibuild-" + std::to_string(info.st_ino) + "-" + std::to_string(i);
    const int made = S_ISLNK(info.st_mode)
                         ? ::symlinkat(text.data(), place.dir.get(), name.c_str())
                         : ::mknodat(place.dir.get(), name.c_str(), info.st_mode, 0);
    if (made == 0) return name;
    if (errno != EEXIST) break;
  }
  throw base::SystemError("make anew", "");
}

void set_times(int dir, const char* name, const struct stat& info, int flags) {
  const timespec times[2] = {info.st_atim, info.st_mtim};
  check(::utimensat(dir, name, times, flags));
}

}  // namespace

StepAge::StepAge() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);  // as file systems read it
  start_ns_ = now.tv_sec * kNanosecondsPerSecond + now.tv_nsec;
}

bool StepAge::is_older(int fd) const {
  const std::uint64_t born_ns = base::identity_of(fd).born_ns;
  return born_ns != 0 && static_cast<std::int64_t>(born_ns) < start_ns_;
}

base::UniqueFd remake(const NewPlace& place, int old) {
  const struct stat info = stat_of(old);
  const struct stat above = stat_of(place.dir.get());
  const std::string name = make_beside(place, old, info);
  base::ScopeExit remove([&] { ::unlinkat(place.dir.get(), name.c_str(), 0); });
  set_times(place.dir.get(), name.c_str(), info, AT_SYMLINK_NOFOLLOW);
  check(::renameat(place.dir.get(), name.c_str(), place.dir.get(), place.name.c_str()));
  remove.dismiss();
  // The directory is as it was.
  set_times(AT_FDCWD, ("/proc/self/fd/" + std::to_string(place.dir.get())).c_str(), above, 0);
  base::UniqueFd made(
      ::openat(place.dir.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  check(made.get());
  return made;
}

}  // namespace ibuild::sandbox
