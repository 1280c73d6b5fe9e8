// See: Documentation/filesystems/overlayfs.rst of Linux, "whiteouts and opaque directories".
#include "layers/tree_applier.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/kept_owners.h"
#include "base/parent_at.h"
#include "layers/file_times.h"
#include "layers/store_error.h"

namespace ibuild::layers {

namespace {

constexpr std::size_t kBufferBytes = 256 << 10;
constexpr std::size_t kCopyBytes = 1 << 30;
// Until finish(): nobody else looks in, and every directory can be written to.
constexpr mode_t kUnsettledMode = 0700;

std::string name_of(const base::RelPath& path) {
  return path.is_root() ? "." : std::string(path.name());
}

mode_t node_type(EntryType type) {
  if (type == EntryType::char_device) return S_IFCHR;
  return type == EntryType::block_device ? S_IFBLK : S_IFIFO;
}

/// Shares the blocks where the file system can, else copies in the kernel.
void copy_all(int from, int to, const std::string& shown_as) {
  if (::ioctl(to, FICLONE, from) == 0) return;
  for (;;) {
    const ssize_t count = ::copy_file_range(from, nullptr, to, nullptr, kCopyBytes, 0);
    if (count == 0) return;
    if (count > 0) continue;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP &&
        errno != EPERM) {
      throw_store_error(errno, "copy to", shown_as);
    }
    break;
  }
  base::FdSource rest(from);
  base::FdSink sink(to);
  std::vector<std::byte> buffer(kBufferBytes);
  while (const std::size_t count = rest.read(buffer)) sink.write(std::span(buffer).first(count));
}

}  // namespace

TreeApplier::TreeApplier(const base::DirFd& tree, OverlayXattrs xattrs)
    : tree_(tree), xattrs_(xattrs), uid_(::geteuid()), gid_(::getegid()), buffer_(kBufferBytes) {
  // A setgid bit inherited from above would hand a group on to everything made below.
  if (::fchown(tree.get(), uid_, gid_) != 0 || ::fchmod(tree.get(), kUnsettledMode) != 0) {
    const base::SystemError refused("prepare", tree.shown_as());
    base::check_keeps_owners(tree);  // says more where that is the reason
    throw refused;
  }
}

void TreeApplier::add(const LayerEntry& entry, base::ByteSource& data) {
  switch (entry.type) {
    case EntryType::directory:
      return add_directory(entry);
    case EntryType::file:
      return add_file(entry, data);
    case EntryType::hardlink:
      return add_hard_link(entry);
    case EntryType::symlink:
      return add_symlink(entry);
    case EntryType::char_device:
    case EntryType::block_device:
    case EntryType::fifo:
      return add_node(entry);
    case EntryType::whiteout:
    case EntryType::opaque:
      return;  // finish() makes them, when it is known what else the layer holds there
  }
}

int TreeApplier::open_parent(const base::RelPath& path) {
  const base::RelPath parent = path.parent();
  if (parent.is_root()) return tree_.get();
  if (parent_.valid() && parent == parent_path_) return parent_.get();
  constexpr int kFlags = O_PATH | O_DIRECTORY;
  auto opened = base::try_open_at(tree_, parent, kFlags);
  if (!opened) {
    base::make_dirs(tree_, parent, kUnsettledMode);
    opened = base::open_at(tree_, parent, kFlags);
  }
  parent_ = *std::move(opened);
  parent_path_ = parent;
  return parent_.get();
}

void TreeApplier::forget_parent(const base::RelPath& replaced) {
  if (parent_path_.is_within(replaced)) parent_.reset();
}

/// Takes away what stands at `path`.
void TreeApplier::make_room(const base::RelPath& path) {
  base::remove_tree(tree_, path);
  forget_parent(path);
}

void TreeApplier::add_directory(const LayerEntry& entry) {
  if (entry.path.is_root()) return;
  const std::string name = name_of(entry.path);
  for (int attempt = 0;; ++attempt) {
    const int parent = open_parent(entry.path);
    if (::mkdirat(parent, name.c_str(), kUnsettledMode) == 0) return;
    if (errno != EEXIST || attempt > 0) {
      throw_store_error(errno, "make directory", tree_.show(entry.path));
    }
    struct stat info {};
    const bool is_there = ::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (is_there && S_ISDIR(info.st_mode)) return;
    make_room(entry.path);
  }
}

bool TreeApplier::is_own(const LayerEntry& entry) const {
  return entry.uid == uid_ && entry.gid == gid_;
}

/// By chown(2). A record is for files and directories; an entry that is ours needs none.
bool TreeApplier::must_change_owner(const LayerEntry& entry) const {
  return !records_owners_ && !is_own(entry);
}

void TreeApplier::record_owner(int fd, const LayerEntry& entry) {
  base::OwnerRecord record{.uid = entry.uid, .gid = entry.gid};
  const bool is_block = entry.type == EntryType::block_device;
  if (is_block || entry.type == EntryType::char_device) {
    record.device_type = is_block ? S_IFBLK : S_IFCHR;
    record.device_major = entry.device_major;
    record.device_minor = entry.device_minor;
  } else if (is_own(entry)) {
    return;
  }
  if (!base::write_owner_record(fd, record)) base::throw_no_owner_record(tree_.show(entry.path));
}

void TreeApplier::set_owner(int parent, const char* name, const LayerEntry& entry) {
  if (::fchownat(parent, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) == 0) {
    return;
  }
  base::SystemError error(
      "change the owner to " + std::to_string(entry.uid) + ":" + std::to_string(entry.gid) + " of",
      tree_.show(entry.path));
  if (error.error_number() == EINVAL) {
    error.set_hint(
        "that id is not mapped in this user namespace: grant the user a larger range in "
        "/etc/subuid and /etc/subgid (65536 ids are usual), or build as root");
  } else if (error.error_number() == EPERM) {
    error.set_hint("only root, or root of a user namespace, can unpack layers");
  }
  throw error;
}

void TreeApplier::set_xattrs(int fd, const LayerEntry& entry) {
  for (const base::Xattr& xattr : entry.xattrs) {
    const auto& [name, value] = xattr;
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0) continue;
    const bool is_unsupported = errno == ENOTSUP || errno == EPERM;
    // user.* is a courtesy of the file system; file capabilities count where steps can use them.
    if (is_unsupported && (xattrs_ != OverlayXattrs::trusted || name.starts_with("user."))) {
      continue;
    }
    throw_store_error(errno, "set " + name + " of", tree_.show(entry.path));
  }
}

base::UniqueFd TreeApplier::create_file(const LayerEntry& entry) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const std::string name = name_of(entry.path);
  base::UniqueFd fd(::openat(open_parent(entry.path), name.c_str(), kFlags, 0600));
  if (!fd && errno == EEXIST) {
    make_room(entry.path);
    fd.reset(::openat(open_parent(entry.path), name.c_str(), kFlags, 0600));
  }
  if (!fd) throw_store_error(errno, "create", tree_.show(entry.path));
  return fd;
}

void TreeApplier::settle_file(int fd, const LayerEntry& entry) {
  // The owner first: a change of it clears setuid bits and capabilities.
  if (records_owners_) record_owner(fd, entry);
  if (must_change_owner(entry)) set_owner(fd, "", entry);
  if (::fchmod(fd, entry.mode) != 0) {
    base::throw_mode_refused(entry.mode, tree_.show(entry.path));
  }
  set_xattrs(fd, entry);
  set_mtime(fd, nullptr, entry.mtime, tree_.show(entry.path));
}

void TreeApplier::add_file(const LayerEntry& entry, base::ByteSource& data) {
  const base::UniqueFd fd = create_file(entry);
  while (const std::size_t count = data.read(buffer_)) {
    try {
      base::FdSink(fd.get()).write(std::span(buffer_).first(count));
    } catch (const base::SystemError& error) {
      throw_store_error(error.error_number(), "write", tree_.show(entry.path));
    }
  }
  settle_file(fd.get(), entry);
}

void TreeApplier::add_copy(const LayerEntry& entry, int source_fd) {
  const base::UniqueFd fd = create_file(entry);
  copy_all(source_fd, fd.get(), tree_.show(entry.path));
  settle_file(fd.get(), entry);
}

void TreeApplier::add_hard_link(const LayerEntry& entry) {
  const base::RelPath target = base::RelPath::exact(entry.link_target);
  const std::string name = name_of(entry.path);
  const base::ParentAt file(tree_, target);
  for (int attempt = 0;; ++attempt) {
    const int parent = open_parent(entry.path);
    if (::linkat(file.fd(), file.name(), parent, name.c_str(), 0) == 0) return;
    if (errno != EEXIST || attempt > 0) {
      throw_store_error(errno, "make hard link", tree_.show(entry.path));
    }
    make_room(entry.path);
  }
}

void TreeApplier::add_symlink(const LayerEntry& entry) {
  const std::string name = name_of(entry.path);
  for (int attempt = 0;; ++attempt) {
    const int parent = open_parent(entry.path);
    if (::symlinkat(entry.link_target.c_str(), parent, name.c_str()) == 0) {
      if (must_change_owner(entry)) set_owner(parent, name.c_str(), entry);
      return set_mtime(parent, name.c_str(), entry.mtime, tree_.show(entry.path));
    }
    if (errno != EEXIST || attempt > 0) {
      throw_store_error(errno, "make symbolic link", tree_.show(entry.path));
    }
    make_room(entry.path);
  }
}

void TreeApplier::add_device_record(const LayerEntry& entry) {
  const base::UniqueFd fd = create_file(entry);
  settle_file(fd.get(), entry);
}

void TreeApplier::add_node(const LayerEntry& entry) {
  const std::string name = name_of(entry.path);
  const dev_t device = makedev(entry.device_major, entry.device_minor);
  for (int attempt = 0;; ++attempt) {
    const int parent = open_parent(entry.path);
    if (::mknodat(parent, name.c_str(), node_type(entry.type) | 0600, device) == 0) {
      if (must_change_owner(entry)) set_owner(parent, name.c_str(), entry);
      if (::fchmodat(parent, name.c_str(), entry.mode, 0) != 0) {
        base::throw_mode_refused(entry.mode, tree_.show(entry.path));
      }
      return set_mtime(parent, name.c_str(), entry.mtime, tree_.show(entry.path));
    }
    const bool is_device = entry.type != EntryType::fifo;
    if (errno == EEXIST && attempt == 0) {
      make_room(entry.path);
    } else if (errno == EPERM && is_device) {
      // Not in user namespaces, nor as root without CAP_MKNOD. A step has its own /dev.
      return records_owners_ ? add_device_record(entry) : void();
    } else {
      throw_store_error(errno, "make device or fifo", tree_.show(entry.path));
    }
  }
}

void TreeApplier::add_whiteout(const base::RelPath& path) {
  make_whiteout(open_parent(path), name_of(path), tree_.show(path));
}

void TreeApplier::mark_opaque(const base::RelPath& directory) {
  base::make_dirs(tree_, directory, kUnsettledMode);
  const base::UniqueFd fd = base::open_at(tree_, directory, O_RDONLY | O_DIRECTORY);
  const std::string name = opaque_mark(xattrs_);
  if (::fsetxattr(fd.get(), name.c_str(), "y", 1, 0) != 0) {
    throw_store_error(errno, "set " + name + " of", tree_.show(directory));
  }
}

void TreeApplier::settle_directory(const LayerEntry& entry) {
  const std::string name = name_of(entry.path);
  const int parent = open_parent(entry.path);
  if (must_change_owner(entry)) set_owner(parent, name.c_str(), entry);
  const bool has_record = records_owners_ && !is_own(entry);
  if (!entry.xattrs.empty() || has_record) {
    const base::UniqueFd fd = base::open_at(tree_, entry.path, O_RDONLY | O_DIRECTORY);
    if (has_record) record_owner(fd.get(), entry);
    set_xattrs(fd.get(), entry);
  }
  if (::fchmodat(parent, name.c_str(), entry.mode, 0) != 0) {
    base::throw_mode_refused(entry.mode, tree_.show(entry.path));
  }
  set_mtime(parent, name.c_str(), entry.mtime, tree_.show(entry.path));
}

void TreeApplier::finish(const LayerIndex& index) {
  std::vector<const LayerEntry*> directories;
  const bool is_overlay = xattrs_ != OverlayXattrs::none;
  for (std::size_t i = 0; i < index.size(); ++i) {
    const EntryType type = index.type_at(i);  // most are files, of which nothing is made here
    if (type == EntryType::whiteout && is_overlay) add_whiteout(index.at(i).path);
    if (type == EntryType::opaque && is_overlay) mark_opaque(index.at(i).path);
    if (type == EntryType::directory) directories.push_back(&index.at(i));
  }
  std::vector<LayerEntry> implicit;
  auto make_implicit = [&](const base::RelPath& path) {
    LayerEntry entry;
    entry.path = path;
    entry.type = EntryType::directory;
    entry.mode = 0755;
    implicit.push_back(std::move(entry));
  };
  if (index.find({}) == nullptr) make_implicit({});
  if (index.has_implicit_directories()) {
    for (const base::RelPath& path : implicit_directories(index)) make_implicit(path);
  }
  for (const LayerEntry& entry : implicit) directories.push_back(&entry);
  // From the inside out: a directory may take away the right to enter itself.
  std::sort(directories.begin(), directories.end(),
            [](const LayerEntry* a, const LayerEntry* b) { return walk_less(*b, *a); });
  for (const LayerEntry* directory : directories) settle_directory(*directory);
}

}  // namespace ibuild::layers
