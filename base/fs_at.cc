#include "base/fs_at.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/error.h"
#include "base/open_walk.h"
#include "base/parent_at.h"

namespace ibuild::base {

namespace {

bool is_absent(int error_number) { return error_number == ENOENT || error_number == ENOTDIR; }

/// An invalid descriptor and errno on failure.
UniqueFd open_confined(int dir, const RelPath& path, int flags, mode_t mode, Links links) {
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  const bool creates = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  how.mode = creates ? mode & 07777 : 0;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  how.resolve |= links == Links::refuse ? RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS : RESOLVE_IN_ROOT;
  const char* name = path.is_root() ? "." : path.str().c_str();
  // EAGAIN: something was renamed while ".." of a link was resolved. Bounded, as somebody may do
  // that on purpose.
  for (int attempt = 0; attempt < 64; ++attempt) {
    const long fd = ::syscall(SYS_openat2, dir, name, &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EAGAIN && errno != EINTR) break;
  }
  // Old seccomp filters answer EPERM to system calls they do not know.
  if (errno == ENOSYS || errno == EPERM) return open_by_walk(dir, path, flags, mode, links);
  return {};
}

}  // namespace

DirFd DirFd::open(const std::string& host_path) {
  UniqueFd fd(::open(host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw SystemError("open", host_path);
  return {std::move(fd), host_path};
}

std::string DirFd::show(const RelPath& path) const {
  if (path.is_root()) return shown_as_;
  return shown_as_.ends_with('/') ? shown_as_ + path.str() : shown_as_ + path.absolute();
}

DirFd DirFd::dup() const {
  UniqueFd fd(::fcntl(get(), F_DUPFD_CLOEXEC, 3));
  if (!fd) throw SystemError("dup", shown_as_);
  return {std::move(fd), shown_as_};
}

UniqueFd open_at(const DirFd& dir, const RelPath& path, int flags, mode_t mode, Links links) {
  UniqueFd fd = open_confined(dir.get(), path, flags, mode, links);
  if (!fd) throw SystemError("open", dir.show(path));
  return fd;
}

std::optional<UniqueFd> try_open_at(const DirFd& dir, const RelPath& path, int flags, Links links) {
  UniqueFd fd = open_confined(dir.get(), path, flags, 0, links);
  if (fd) return fd;
  if (is_absent(errno)) return std::nullopt;
  throw SystemError("open", dir.show(path));
}

DirFd open_dir_at(const DirFd& dir, const RelPath& path, Links links) {
  return {open_at(dir, path, O_RDONLY | O_DIRECTORY, 0, links), dir.show(path)};
}

ParentAt::ParentAt(const DirFd& dir, const RelPath& path)
    : fd_(dir.get()), name_(path.is_root() ? "." : path.name()) {
  if (path.parent().is_root()) return;
  owned_ = open_at(dir, path.parent(), O_PATH | O_DIRECTORY);
  fd_ = owned_.get();
}

std::optional<ParentAt> ParentAt::try_open(const DirFd& dir, const RelPath& path) {
  std::string name(path.is_root() ? "." : path.name());
  if (path.parent().is_root()) return ParentAt(dir.get(), UniqueFd(), std::move(name));
  auto owned = try_open_at(dir, path.parent(), O_PATH | O_DIRECTORY);
  if (!owned) return std::nullopt;
  const int fd = owned->get();
  return ParentAt(fd, *std::move(owned), std::move(name));
}

std::optional<struct stat> try_lstat_at(const DirFd& dir, const RelPath& path) {
  const auto parent = ParentAt::try_open(dir, path);
  if (!parent) return std::nullopt;
  struct stat info {};
  if (::fstatat(parent->fd(), parent->name(), &info, AT_SYMLINK_NOFOLLOW) == 0) return info;
  if (is_absent(errno)) return std::nullopt;
  throw SystemError("stat", dir.show(path));
}

struct stat lstat_at(const DirFd& dir, const RelPath& path) {
  if (const auto info = try_lstat_at(dir, path)) return *info;
  throw SystemError(ENOENT, "stat", dir.show(path));
}

std::string read_link_at(const DirFd& dir, const RelPath& path) {
  const ParentAt parent(dir, path);
  char target[4097];  // Linux allows 4095
  const ssize_t size = ::readlinkat(parent.fd(), parent.name(), target, sizeof target);
  if (size < 0) throw SystemError("read link", dir.show(path));
  if (static_cast<std::size_t>(size) == sizeof target) {
    throw SystemError(ENAMETOOLONG, "read link", dir.show(path));
  }
  return {target, static_cast<std::size_t>(size)};
}

std::vector<DirEntry> list_dir(const DirFd& dir, const RelPath& path) {
  UniqueFd fd = open_at(dir, path, O_RDONLY | O_DIRECTORY);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd.get()), &::closedir);
  if (!stream) throw SystemError("list", dir.show(path));
  (void)fd.release();  // closedir closes it
  std::vector<DirEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    entries.push_back({std::string(name), entry->d_type, entry->d_ino});
  }
  if (errno != 0) throw SystemError("list", dir.show(path));
  std::sort(entries.begin(), entries.end(),
            [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
  return entries;
}

void make_dirs(const DirFd& dir, const RelPath& path, mode_t mode) {
  if (try_open_at(dir, path, O_PATH | O_DIRECTORY)) return;
  UniqueFd owned;
  int here = dir.get();
  RelPath reached;
  for (std::string_view part : path.components()) {
    reached = reached.join(part);
    const std::string name(part);
    if (::mkdirat(here, name.c_str(), mode) != 0 && errno != EEXIST) {
      throw SystemError("make directory", dir.show(reached));
    }
    UniqueFd next =
        open_confined(here, RelPath::exact(name), O_PATH | O_DIRECTORY, 0, Links::refuse);
    if (!next) throw SystemError("make directory", dir.show(reached));
    owned = std::move(next);
    here = owned.get();
  }
}

}  // namespace ibuild::base
