#include "layers/tree_snapshot.h"

#include <fcntl.h>

#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"

namespace ibuild::layers {

namespace {

bool earlier(const timespec& a, const timespec& b) {
  return std::tie(a.tv_sec, a.tv_nsec) < std::tie(b.tv_sec, b.tv_nsec);
}

bool same(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

TreeSnapshot::TreeSnapshot(const base::DirFd& tree, std::set<base::RelPath> lacking)
    : lacking_(std::move(lacking)) {
  // The clock that the kernel takes file times from, or one that is behind it.
  if (::clock_gettime(CLOCK_REALTIME_COARSE, &taken_) != 0) throw base::SystemError("clock", "");
  std::vector<base::RelPath> pending = {base::RelPath()};
  while (!pending.empty()) {
    const base::RelPath path = std::move(pending.back());
    pending.pop_back();
    const base::DirFd dir = base::open_dir_at(tree, path);
    for (const base::DirEntry& entry : base::list_dir(dir)) {
      struct stat info {};
      if (::fstatat(dir.get(), entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        throw base::SystemError("stat", tree.show(path.child(entry.name)));
      }
      base::RelPath child = path.child(entry.name);
      if (S_ISDIR(info.st_mode)) {
        pending.push_back(std::move(child));
      } else {
        marks_.emplace(child.str(), Mark{info.st_ino, info.st_ctim});
      }
    }
  }
}

bool TreeSnapshot::is_untouched(const base::RelPath& path, const struct stat& info) const {
  const auto found = marks_.find(std::string(path.str()));
  if (found == marks_.end()) return false;
  const Mark& mark = found->second;
  return mark.inode == info.st_ino && same(mark.changed, info.st_ctim) &&
         earlier(mark.changed, taken_);
}

}  // namespace ibuild::layers
