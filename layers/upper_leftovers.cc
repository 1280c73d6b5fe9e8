// See: Documentation/filesystems/overlayfs.rst of Linux, "whiteouts and opaque directories".
#include "layers/upper_leftovers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "layers/file_times.h"

namespace ibuild::layers {
namespace {

/// The directories that names go from or come to. Names come directory by directory, so the last
/// one stays open.
class ChangedDirectories {
 public:
  explicit ChangedDirectories(const base::DirFd& upper) : upper_(upper) {}

  const base::DirFd& open(const base::RelPath& path) {
    if (last_ && last_path_ == path) return *last_;
    last_ = base::open_dir_at(upper_, path);
    last_path_ = path;
    struct stat info {};
    if (::fstat(last_->get(), &info) != 0) throw base::SystemError("stat", last_->shown_as());
    times_.try_emplace(path, to_time_point(info.st_mtim));
    return *last_;
  }
  void forget(const base::RelPath& removed) { times_.erase(removed); }

  void restore_times() const {
    for (const auto& [path, mtime] : times_) {
      const base::DirFd dir = base::open_dir_at(upper_, path);
      layers::set_mtime(dir.get(), nullptr, mtime, dir.shown_as());
    }
  }

 private:
  const base::DirFd& upper_;
  std::optional<base::DirFd> last_;
  base::RelPath last_path_;
  std::map<base::RelPath, base::TimePoint> times_;
};

void remove_name(ChangedDirectories& directories, const base::RelPath& path, int flags) {
  const base::DirFd& dir = directories.open(path.parent());
  const std::string name(path.name());
  if (::unlinkat(dir.get(), name.c_str(), flags) != 0)
    throw base::SystemError("remove", dir.show(base::RelPath::exact(name)));
}

void put_whiteout(ChangedDirectories& directories, const base::RelPath& path) {
  const base::DirFd& dir = directories.open(path.parent());
  const std::string name(path.name());
  make_whiteout(dir.get(), name, dir.show(base::RelPath::exact(name)));
}

void remove_opaque_mark(const base::DirFd& upper, const base::RelPath& path, OverlayXattrs xattrs) {
  const base::DirFd dir = base::open_dir_at(upper, path);
  const std::string name = opaque_mark(xattrs);
  if (::fremovexattr(dir.get(), name.c_str()) != 0 && errno != ENODATA)
    throw base::SystemError("remove " + name + " of", dir.shown_as());
}

}  // namespace

void remove_leftovers(const base::DirFd& upper, const UpperLeftovers& leftovers,
                      OverlayXattrs xattrs) {
  ChangedDirectories directories(upper);
  for (const auto& path : leftovers.opaque) remove_opaque_mark(upper, path, xattrs);
  for (const auto& path : leftovers.hidden) put_whiteout(directories, path);
  for (const auto& path : leftovers.files) remove_name(directories, path, 0);
  for (const auto& path : leftovers.directories) {
    remove_name(directories, path, AT_REMOVEDIR);
    directories.forget(path);
  }
  directories.restore_times();
}

}  // namespace ibuild::layers
