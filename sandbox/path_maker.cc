#include "sandbox/path_maker.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <vector>

#include "base/error.h"
#include "base/parent_at.h"
#include "base/text.h"

namespace ibuild::sandbox {

namespace {

constexpr int kMaxLinks = 40;  // MAXSYMLINKS of the kernel

/// The names still to be walked, the next one last.
class PendingNames {
 public:
  void put_before(std::string_view path) {
    const auto parts = base::split(path, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if (!part->empty() && *part != ".") names_.emplace_back(*part);
    }
  }
  bool empty() const { return names_.empty(); }
  std::string take() {
    std::string name = std::move(names_.back());
    names_.pop_back();
    return name;
  }

 private:
  std::vector<std::string> names_;
};

bool make_missing(const base::DirFd& root, const base::RelPath& path, LeafKind kind,
                  const MakeName& make) {
  const base::ParentAt parent(root, path);
  return make({parent.fd(), parent.name(), path, kind});
}

}  // namespace

std::optional<base::RelPath> make_in_root(const base::DirFd& root, const base::RelPath& path,
                                          LeafKind leaf, const MakeName& make) {
  PendingNames pending;
  pending.put_before(path.str());
  base::RelPath place;
  for (int links = 0; !pending.empty();) {
    const std::string name = pending.take();
    if (name == "..") {
      place = place.parent();
      continue;
    }
    const base::RelPath next = place.join(name);
    const auto info = base::try_lstat_at(root, next);
    if (!info) {
      const LeafKind kind = pending.empty() ? leaf : LeafKind::directory;
      if (!make_missing(root, next, kind, make)) return std::nullopt;
    } else if (S_ISLNK(info->st_mode)) {
      if (++links > kMaxLinks) throw base::SystemError(ELOOP, "follow links of", path.absolute());
      const std::string target = base::read_link_at(root, next);
      if (target.starts_with('/')) place = {};
      pending.put_before(target);
      continue;
    } else if (!S_ISDIR(info->st_mode) && !pending.empty()) {
      throw base::SystemError(ENOTDIR, "walk", next.absolute());
    }
    place = next;
  }
  return place;
}

}  // namespace ibuild::sandbox
