#include "builder/ops/cache_mount.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/digest.h"
#include "base/error.h"

namespace ibuild::builder {
namespace {

/// Directories of one id: more steps than this do not run side by side.
constexpr int kMaxPrivate = 1024;

base::RelPath directory_of(const std::string& id, int number) {
  return base::RelPath::exact(std::string(base::sha256_of(id).hex()) + "/" +
                              std::to_string(number));
}

base::LockFile lock(const layers::Store& store, const std::string& id, const RunMount& mount,
                    int& number, std::stop_token stop) {
  const auto path = [&](int n) {
    return base::RelPath::exact("mount-" + std::string(base::sha256_of(id).hex()) + "-" +
                                std::to_string(n));
  };
  using Mode = base::LockFile::Mode;
  if (mount.sharing == parser::CacheSharing::shared)
    return base::LockFile::acquire(store.locks(), path(0), Mode::shared, stop);
  if (mount.sharing == parser::CacheSharing::locked)
    return base::LockFile::acquire(store.locks(), path(0), Mode::exclusive, stop);
  for (number = 0; number < kMaxPrivate; ++number) {
    if (auto free = base::LockFile::try_acquire(store.locks(), path(number), Mode::exclusive))
      return std::move(*free);
  }
  throw base::Error("cache mount " + mount.id + ": too many steps use it at once");
}

/// Makes the directory, or leaves one that stands as it is.
base::DirFd open_or_make(const base::DirFd& root, const base::RelPath& path,
                         const RunMount& mount) {
  base::make_dirs(root, path.parent());
  const base::DirFd parent = base::open_dir_at(root, path.parent());
  const std::string name(path.name());
  if (::mkdirat(parent.get(), name.c_str(), 0700) != 0) {
    if (errno != EEXIST) throw base::SystemError("mkdir", root.show(path));
    return base::open_dir_at(parent, base::RelPath::exact(name));
  }
  base::DirFd made = base::open_dir_at(parent, base::RelPath::exact(name));
  const auto uid = static_cast<uid_t>(mount.uid.value_or(0));
  const auto gid = static_cast<gid_t>(mount.gid.value_or(0));
  if ((uid != 0 || gid != 0) && ::fchown(made.get(), uid, gid) != 0)
    throw base::SystemError("chown", root.show(path));
  if (::fchmod(made.get(), mount.mode.value_or(0755)) != 0)
    throw base::SystemError("chmod", root.show(path));
  return made;
}

}  // namespace

CacheMount CacheMount::open(const layers::Store& store, const RunMount& mount,
                            std::stop_token stop) {
  // Who owns the directory is part of what it is: steps of another user get another one.
  const std::string id = mount.id + "\n" + std::to_string(mount.uid.value_or(0)) + ":" +
                         std::to_string(mount.gid.value_or(0)) + ":" +
                         std::to_string(mount.mode.value_or(0755));
  int number = 0;
  base::LockFile held = lock(store, id, mount, number, std::move(stop));
  return {std::move(held),
          open_or_make(store.cache_dir("mounts"), directory_of(id, number), mount)};
}

}  // namespace ibuild::builder
