#include "builder/git/settle_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <chrono>
#include <vector>

#include "base/error.h"
#include "base/parent_at.h"

namespace ibuild::builder {
namespace {

/// What the owner may read and run, everybody may; nobody else may write.
mode_t spread(mode_t mode) {
  const mode_t owner = mode & 0700;
  const mode_t shared = owner & 0500;
  return owner | shared >> 3 | shared >> 6;
}

void set_mode(const base::DirFd& root, const base::RelPath& path, mode_t mode) {
  const base::ParentAt place(root, path);
  if (::fchmodat(place.fd(), place.name(), mode, 0) != 0)
    throw base::SystemError("chmod", root.show(path));
}

void set_time(const base::DirFd& root, const base::RelPath& path, base::TimePoint time) {
  using std::chrono::seconds;
  const auto whole = std::chrono::floor<seconds>(time);
  const timespec stamp{.tv_sec = whole.time_since_epoch().count(),
                       .tv_nsec = (time - whole).count()};
  const timespec both[2] = {stamp, stamp};
  const base::ParentAt place(root, path);
  if (::utimensat(place.fd(), place.name(), both, AT_SYMLINK_NOFOLLOW) != 0) {
    throw base::SystemError("set the time of", root.show(path));
  }
}

/// Settles the files of one directory, and adds its directories to `directories`.
void settle_files(const base::DirFd& root, const base::RelPath& directory, const TreeRules& rules,
                  std::vector<base::RelPath>& directories) {
  for (const auto& entry : base::list_dir(root, directory)) {
    const auto path = directory.child(entry.name);
    if (entry.name == ".git" && rules.git_files == TreeRules::GitFiles::removed) {
      base::remove_tree(root, path);
      continue;
    }
    const auto status = base::lstat_at(root, path);
    if (S_ISDIR(status.st_mode)) {
      directories.push_back(path);
      continue;
    }
    if (S_ISREG(status.st_mode)) set_mode(root, path, spread(status.st_mode));
    if (rules.mtime) set_time(root, path, *rules.mtime);
  }
}

}  // namespace

void settle_tree(const base::DirFd& root, const TreeRules& rules) {
  std::vector<base::RelPath> directories = {base::RelPath()};
  for (std::size_t i = 0; i < directories.size(); ++i) {
    const base::RelPath directory = directories[i];  // a copy: the list grows
    set_mode(root, directory, 0755);
    settle_files(root, directory, rules, directories);
  }
  if (!rules.mtime) return;
  // A directory's time changes with what is in it: the deepest come first.
  for (auto path = directories.rbegin(); path != directories.rend(); ++path)
    set_time(root, *path, *rules.mtime);
}

}  // namespace ibuild::builder
