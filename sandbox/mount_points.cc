#include "sandbox/mount_points.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/scope_exit.h"
#include "sandbox/fail.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr std::string_view kMake = "make mount points";
constexpr std::string_view kRemove = "remove mount points";

base::UniqueFd duplicate(int fd) {
  base::UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) fail_with_errno(kMake, "dup");
  return copy;
}

struct stat stat_of(int fd, std::string_view phase) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) fail_with_errno(phase, "stat");
  return info;
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

void make_entry(const MissingName& missing) {
  const char* name = missing.name.c_str();
  if (missing.kind == LeafKind::directory) {
    if (::mkdirat(missing.parent_fd, name, 0755) == 0) return;
    fail_with_errno(kMake, "make directory", missing.path.absolute());
  }
  const base::UniqueFd file(::openat(missing.parent_fd, name,
                                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) fail_with_errno(kMake, "make file", missing.path.absolute());
}

int removal_flags(LeafKind kind) { return kind == LeafKind::directory ? AT_REMOVEDIR : 0; }

}  // namespace

std::vector<const MountSpec*> mounts_in_order(const SandboxSpec& spec) {
  std::vector<const MountSpec*> ordered;
  for (const MountSpec& mount : spec.mounts) ordered.push_back(&mount);
  std::stable_sort(ordered.begin(), ordered.end(), [](const MountSpec* a, const MountSpec* b) {
    return a->target.components().size() < b->target.components().size();
  });
  return ordered;
}

MountPoints::MountPoints(const SandboxSpec& spec) : MountPoints() {
  // The destructor runs when this body throws: the delegated constructor has finished.
  const base::DirFd root(duplicate(spec.root_fd), "/");
  try {
    make_all(root, spec);
  } catch (const base::SystemError& error) {
    throw SandboxError(std::string(kMake), error.what());
  }
}

MountPoints::~MountPoints() {
  try {
    remove();
  } catch (const std::exception&) {
    // The caller is on its way out with an error of its own.
  }
}

void MountPoints::make_all(const base::DirFd& root, const SandboxSpec& spec) {
  // The lasting ones first: the times that are put back later are those they leave behind.
  constexpr std::array<const char*, 3> kLasting = {"proc", "dev", "sys"};
  for (const char* name : kLasting) {
    make(root, base::RelPath::exact(name), LeafKind::directory, Lifetime::lasting);
  }
  // These are mounted before anything else, so that their way may lead through all of the root.
  if (!spec.resolv_conf.empty()) {
    make(root, base::RelPath::exact("etc/resolv.conf"), LeafKind::file, Lifetime::step);
  }
  if (!spec.hosts.empty()) {
    make(root, base::RelPath::exact("etc/hosts"), LeafKind::file, Lifetime::step);
  }
  for (const char* name : kLasting) covered_.push_back(base::RelPath::exact(name));
  for (const MountSpec* mount : mounts_in_order(spec)) {
    const bool directory = mount->kind == MountSpec::Kind::tmpfs || mount->source_is_directory;
    const LeafKind kind = directory ? LeafKind::directory : LeafKind::file;
    const auto place = make(root, mount->target, kind, Lifetime::step);
    if (place) covered_.push_back(*place);
  }
}

std::optional<base::RelPath> MountPoints::make(const base::DirFd& root, const base::RelPath& target,
                                               LeafKind kind, Lifetime lifetime) {
  return make_in_root(root, target, kind, [&](const MissingName& missing) {
    const bool below_a_mount =
        std::any_of(covered_.begin(), covered_.end(),
                    [&](const base::RelPath& place) { return missing.path.is_within(place); });
    if (below_a_mount) return false;
    make_stub(missing, lifetime);
    return true;
  });
}

void MountPoints::make_stub(const MissingName& missing, Lifetime lifetime) {
  Stub stub{duplicate(missing.parent_fd), missing.name, missing.kind, {}};
  const int parent_fd = stub.parent.get();
  const char* name = missing.name.c_str();
  Parent* parent = lifetime == Lifetime::step ? &remember_parent(parent_fd) : nullptr;
  make_entry(missing);
  base::ScopeExit unmake([&] { ::unlinkat(parent_fd, name, removal_flags(missing.kind)); });
  // Whatever our umask is: the step's user has to get through.
  const mode_t mode = missing.kind == LeafKind::directory ? 0755 : 0644;
  if (::fchmodat(parent_fd, name, mode, 0) != 0 ||
      ::fstatat(parent_fd, name, &stub.made, AT_SYMLINK_NOFOLLOW) != 0) {
    fail_with_errno(kMake, "set up", missing.path.absolute());
  }
  if (parent != nullptr) {
    parent->changed = stat_of(parent->fd.get(), kMake).st_mtim;
    stubs_.push_back(std::move(stub));
  }
  unmake.dismiss();
}

MountPoints::Parent& MountPoints::remember_parent(int fd) {
  const struct stat now = stat_of(fd, kMake);
  for (Parent& parent : parents_) {
    if (same_file(parent.before, now)) return parent;
  }
  parents_.push_back({duplicate(fd), now, now.st_mtim});
  return parents_.back();
}

void MountPoints::remove_stub(const Stub& stub) const {
  struct stat now {};
  const char* name = stub.name.c_str();
  const int parent = stub.parent.get();
  if (::fstatat(parent, name, &now, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return;
    fail_with_errno(kRemove, "stat", stub.name);
  }
  if (!same_file(stub.made, now)) return;
  if (stub.kind == LeafKind::file && now.st_size != 0) return;
  if (::unlinkat(parent, name, removal_flags(stub.kind)) == 0) return;
  // EROFS: a read-only root (of `ibuild run`) is of a tree that nobody keeps.
  if (errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST && errno != EROFS) {
    fail_with_errno(kRemove, "remove", stub.name);
  }
}

void MountPoints::remove() {
  const std::vector<Stub> stubs = std::move(stubs_);
  const std::vector<Parent> parents = std::move(parents_);
  stubs_.clear();
  parents_.clear();
  std::vector<std::array<timespec, 2>> times;
  for (const Parent& parent : parents) {
    const struct stat now = stat_of(parent.fd.get(), kRemove);
    const bool step_kept_out = same_time(now.st_mtim, parent.changed);
    const struct stat& kept = step_kept_out ? parent.before : now;
    times.push_back({kept.st_atim, kept.st_mtim});
  }
  for (auto stub = stubs.rbegin(); stub != stubs.rend(); ++stub) remove_stub(*stub);
  for (std::size_t i = 0; i < parents.size(); ++i) {
    // Descriptors of O_PATH are no good for futimens(2). ENOENT: the step removed the directory.
    if (::utimensat(parents[i].fd.get(), ".", times[i].data(), AT_SYMLINK_NOFOLLOW) != 0 &&
        errno != ENOENT && errno != EROFS) {
      fail_with_errno(kRemove, "set times of the parent of", stubs.front().name);
    }
  }
}

}  // namespace ibuild::sandbox
