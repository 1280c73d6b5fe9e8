// See: path_resolution(7), openat2(2), proc(5).
#include "sandbox/child/keeper/path_walk.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/mount_id.h"

namespace ibuild::sandbox {

namespace {

constexpr int kMostLinks = 40;               // as the kernel has it
constexpr std::uint64_t kProcRootInode = 1;  // of every /proc

[[noreturn]] void fail(int error, std::string_view path) {
  throw base::SystemError(error, "open", path);
}

base::UniqueFd checked(int fd, std::string_view path) {
  if (fd < 0) fail(errno, path);
  return base::UniqueFd(fd);
}

struct stat stat_of(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) fail(errno, "");
  return info;
}

bool is_same_place(int a, int b) {
  const struct stat one = stat_of(a);
  const struct stat other = stat_of(b);
  return one.st_ino == other.st_ino && one.st_dev == other.st_dev &&
         base::mount_id_of(a) == base::mount_id_of(b);
}

bool is_on_proc(int fd) {
  struct statfs info {};
  return ::fstatfs(fd, &info) == 0 && info.f_type == PROC_SUPER_MAGIC;
}

std::string text_of(int link) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = ::readlinkat(link, "", text.data(), text.size());
  if (size < 0) fail(errno, "");
  return {text.data(), static_cast<std::size_t>(size)};
}

base::UniqueFd open_start(const Task& task, int dir_fd, std::string_view path) {
  if (path.starts_with('/')) return task.open_root();
  return dir_fd == AT_FDCWD ? task.open_working_dir() : task.open_fd(dir_fd);
}

/// One call for most paths. Links and ".." that would lead above the start, and links of procfs,
/// are for the walk.
base::UniqueFd try_open_at_once(int start, std::string_view path, LastLink last) {
  const bool absolute = path.starts_with('/');
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | (last == LastLink::stay ? O_NOFOLLOW : 0);
  how.resolve = (absolute ? RESOLVE_IN_ROOT : RESOLVE_BENEATH) | RESOLVE_NO_MAGICLINKS;
  return base::UniqueFd(
      static_cast<int>(::syscall(SYS_openat2, start, std::string(path).c_str(), &how, sizeof how)));
}

class PathWalk {
 public:
  PathWalk(const Task& task, base::UniqueFd start)
      : task_(task), root_(task.open_root()), at_(std::move(start)) {}

  base::UniqueFd open(std::string path, LastLink last) {
    rest_ = std::move(path);
    bool wants_directory = false;
    while (!rest_.empty()) {
      const std::size_t end = rest_.find('/');
      const bool is_last = end == std::string::npos;
      const std::string name = rest_.substr(0, end);
      rest_ = is_last ? "" : rest_.substr(end + 1);
      wants_directory = wants_directory || (!is_last && is_slashes(rest_));
      if (name.empty() || name == ".") continue;
      if (name == "..") {
        go_up();
      } else {
        step(name, is_last && !wants_directory && last == LastLink::stay);
      }
    }
    if (wants_directory && !S_ISDIR(stat_of(at_.get()).st_mode)) fail(ENOTDIR, "");
    return std::move(at_);
  }

 private:
  static bool is_slashes(const std::string& text) {
    return text.find_first_not_of('/') == std::string::npos;
  }

  void go_up() {
    if (is_same_place(at_.get(), root_.get())) return;
    at_ = checked(::openat(at_.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC), "..");
  }

  void step(const std::string& name, bool stays) {
    base::UniqueFd next =
        checked(::openat(at_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC), name);
    const bool is_link = S_ISLNK(stat_of(next.get()).st_mode);
    if (!is_link || stays) {
      at_ = std::move(next);
      return;
    }
    if (++links_ > kMostLinks) fail(ELOOP, name);
    follow(name, next.get());
  }

  void follow(const std::string& name, int link) {
    if (!is_on_proc(link)) return go_on_with(text_of(link));
    const bool in_proc_root = stat_of(at_.get()).st_ino == kProcRootInode;
    if (in_proc_root && name == "self") return go_on_with(task_.inner_ids().process);
    if (in_proc_root && name == "thread-self") {
      const Task::InnerIds ids = task_.inner_ids();
      return go_on_with(ids.process + "/task/" + ids.thread);
    }
    if (in_proc_root) return go_on_with(text_of(link));
    at_ = checked(::openat(at_.get(), name.c_str(), O_PATH | O_CLOEXEC), name);
    // To what a process has open, and be it a helper of ours that the task cannot look into, but we
    // can. From a place outside the step no path leads on.
    if (S_ISDIR(stat_of(at_.get()).st_mode) && !task_.is_in_world(at_.get())) fail(EACCES, name);
  }

  void go_on_with(std::string text) {
    if (text.empty()) fail(ENOENT, "");
    if (text.starts_with('/')) at_ = base::UniqueFd(::fcntl(root_.get(), F_DUPFD_CLOEXEC, 0));
    if (!at_) fail(errno, "");
    if (text.size() + rest_.size() >= PATH_MAX) fail(ENAMETOOLONG, "");
    rest_ = rest_.empty() ? std::move(text) : std::move(text) + "/" + rest_;
  }

  const Task& task_;
  base::UniqueFd root_;
  base::UniqueFd at_;
  std::string rest_;
  int links_ = 0;
};

}  // namespace

base::UniqueFd open_for(const Task& task, int dir_fd, const std::string& path, LastLink last) {
  if (path.empty()) fail(ENOENT, path);
  base::UniqueFd start = open_start(task, dir_fd, path);
  if (base::UniqueFd fd = try_open_at_once(start.get(), path, last)) return fd;
  if (errno == ENOTDIR || errno == ENAMETOOLONG) fail(errno, path);
  return PathWalk(task, std::move(start)).open(path, last);
}

base::UniqueFd open_resolved(const Task& task, int dir_fd, const std::string& path,
                             std::uint64_t resolve) {
  // All others look at the root of the one who calls, which is ours.
  if ((resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == 0) fail(EXDEV, path);
  const base::UniqueFd start = dir_fd == AT_FDCWD ? task.open_working_dir() : task.open_fd(dir_fd);
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | O_DIRECTORY;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  return checked(
      static_cast<int>(::syscall(SYS_openat2, start.get(), path.c_str(), &how, sizeof how)), path);
}

namespace {

/// A path's last name, and what comes before it.
struct Names {
  std::string above;
  std::string last;
};

Names split_last(const std::string& path) {
  if (path.empty()) fail(ENOENT, path);
  std::string_view rest = path;
  while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t slash = rest.find_last_of('/');
  if (slash == std::string_view::npos) return {".", std::string(rest)};
  return {std::string(rest.substr(0, slash + 1)), std::string(rest.substr(slash + 1))};
}

}  // namespace

NewPlace find_place_for(const Task& task, int dir_fd, const std::string& path,
                        std::uint64_t resolve) {
  const auto [above, last] = split_last(path);
  NewPlace place;
  place.name = last;
  if (place.name.empty() || place.name == "." || place.name == "..") fail(EEXIST, path);
  place.dir = resolve == 0 ? open_for(task, dir_fd, above, LastLink::follow)
                           : open_resolved(task, dir_fd, above, resolve);
  if (!S_ISDIR(stat_of(place.dir.get()).st_mode)) fail(ENOTDIR, path);
  return place;
}

NewPlace find_place_behind(const Task& task, int dir_fd, const std::string& path) {
  std::string now = path;
  for (int links = 0; links <= kMostLinks; ++links) {
    NewPlace place = find_place_for(task, dir_fd, now);
    const base::UniqueFd file = checked(
        ::openat(place.dir.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC), path);
    if (!S_ISLNK(stat_of(file.get()).st_mode)) return place;
    const std::string text = text_of(file.get());
    now = text.starts_with('/') ? "" : split_last(now).above + "/";
    now += text;
    if (now.size() >= PATH_MAX) fail(ENAMETOOLONG, path);
  }
  fail(ELOOP, path);
}

}  // namespace ibuild::sandbox
