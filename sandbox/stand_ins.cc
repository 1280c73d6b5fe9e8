#include "sandbox/stand_ins.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/error.h"
#include "base/parent_at.h"
#include "base/stream.h"
#include "base/text.h"
#include "sandbox/fail.h"
#include "sandbox/path_maker.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

struct Device {
  const char* name;
  unsigned major;
  unsigned minor;
};
/// See: Documentation/admin-guide/devices.txt
constexpr std::array<Device, 6> kDevices = {{{"null", 1, 3},
                                             {"zero", 1, 5},
                                             {"full", 1, 7},
                                             {"random", 1, 8},
                                             {"urandom", 1, 9},
                                             {"tty", 5, 0}}};
struct Link {
  const char* name;
  const char* target;
};
constexpr std::array<Link, 4> kLinks = {{{"fd", "/proc/self/fd"},
                                         {"stdin", "/proc/self/fd/0"},
                                         {"stdout", "/proc/self/fd/1"},
                                         {"stderr", "/proc/self/fd/2"}}};

base::DirFd duplicate(int fd, const std::string& shown_as) {
  base::UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) fail_with_errno("make stand-ins", "dup");
  return {std::move(copy), shown_as};
}

base::DirFd directory_beside(const base::DirFd& root) {
  base::UniqueFd parent(::openat(root.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent) fail_with_errno("make stand-ins", "open", "the directory of the root");
  return {std::move(parent), root.shown_as() + "/.."};
}

struct stat stat_at(const base::DirFd& dir, const std::string& name) {
  struct stat info {};
  if (::fstatat(dir.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    throw base::SystemError("stat", dir.shown_as() + "/" + name);
  }
  return info;
}

/// Keeps a directory's times what they are while names come and go in it.
class KeptTimes {
 public:
  explicit KeptTimes(const base::DirFd& dir) : dir_(dir.dup()), info_(stat_at(dir, ".")) {}
  KeptTimes(const KeptTimes&) = delete;
  KeptTimes& operator=(const KeptTimes&) = delete;
  ~KeptTimes() {
    const timespec times[2] = {info_.st_atim, info_.st_mtim};
    // ENOENT: the step has removed the directory.
    static_cast<void>(::utimensat(dir_.get(), ".", times, AT_SYMLINK_NOFOLLOW));
  }

 private:
  base::DirFd dir_;
  struct stat info_;
};

void make_directory(const base::DirFd& parent, const std::string& name, mode_t mode) {
  if (::mkdirat(parent.get(), name.c_str(), 0700) != 0 ||
      ::fchmodat(parent.get(), name.c_str(), mode, 0) != 0) {
    throw base::SystemError("make directory", parent.shown_as() + "/" + name);
  }
}

base::UniqueFd make_file(const base::DirFd& parent, const std::string& name, mode_t mode) {
  base::UniqueFd file(::openat(parent.get(), name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file || ::fchmod(file.get(), mode) != 0) {
    throw base::SystemError("make file", parent.shown_as() + "/" + name);
  }
  return file;
}

void make_device(const base::DirFd& dev, const Device& device) {
  if (::mknodat(dev.get(), device.name, S_IFCHR | 0666, makedev(device.major, device.minor)) == 0 &&
      ::fchmodat(dev.get(), device.name, 0666, 0) == 0) {
    return;
  }
  SandboxError error("make /dev", base::SystemError("make device", device.name).what());
  error.set_hint(
      "a changed root needs CAP_MKNOD, and a store that does not lie in a user "
      "namespace's mount");
  throw error;
}

void fill_dev(const base::DirFd& dev) {
  for (const Device& device : kDevices) make_device(dev, device);
  for (const Link& link : kLinks) {
    if (::symlinkat(link.target, dev.get(), link.name) != 0) {
      throw base::SystemError("make link", link.name);
    }
  }
  make_directory(dev, "shm", 01777);
  make_directory(dev, "pts", 0755);
}

struct FileOwner {
  std::uint32_t mode;
  std::uint32_t uid;
  std::uint32_t gid;
};

/// `source` need not be open for reading.
void copy_file(int source, const FileOwner& owner, const base::DirFd& parent,
               const std::string& name) {
  const base::UniqueFd from(
      ::open(("/proc/self/fd/" + std::to_string(source)).c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) throw base::SystemError("open", "the source of " + name);
  const base::UniqueFd to = make_file(parent, name, 0600);
  base::FdSource bytes(from.get());
  base::FdSink sink(to.get());
  base::copy_stream(bytes, sink);
  if (::fchown(to.get(), owner.uid, owner.gid) != 0 || ::fchmod(to.get(), owner.mode) != 0) {
    throw base::SystemError("set owner and mode of", name);
  }
}

FileOwner owner_of(const MountSpec& mount) {
  if (mount.kind == MountSpec::Kind::file) return {mount.mode, mount.uid, mount.gid};
  struct stat info {};
  if (::fstat(mount.source_fd, &info) != 0) throw base::SystemError("stat", "a mount source");
  return {info.st_mode & 07777U, info.st_uid, info.st_gid};
}

bool is_regular(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

std::string host_path_of(int fd) {
  std::array<char, PATH_MAX> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  if (::readlink(link.c_str(), path.data(), path.size() - 1) < 0) {
    throw base::SystemError("find the path of", "a mount source");
  }
  return path.data();
}

[[noreturn]] void refuse(const MountSpec& mount, const std::string& why) {
  throw SandboxError("mount " + base::printable(mount.target.absolute()), why);
}

}  // namespace

StandIns::StandIns(const base::DirFd& root, const SandboxSpec& spec)
    : root_(root.dup()), mount_points_(spec), aside_(directory_beside(root_), "aside-") {}

// The destructor puts all back when this body throws: the delegated constructor has finished.
StandIns::StandIns(const SandboxSpec& spec) : StandIns(duplicate(spec.root_fd, "/"), spec) {
  if (!spec.resolv_conf.empty()) put_text("etc/resolv.conf", spec.resolv_conf);
  if (!spec.hosts.empty()) put_text("etc/hosts", spec.hosts);
  for (const char* name : {"proc", "sys"}) {
    swap({root_.dup(), name}, [](const Place& p) { make_directory(p.parent, p.name, 0555); });
  }
  put_dev();
  for (const MountSpec* mount : mounts_in_order(spec)) put_mount(*mount);
}

StandIns::~StandIns() {
  try {
    remove();
  } catch (const std::exception&) {
    // The caller is on its way out with an error of its own.
  }
}

void StandIns::swap(Place place, const Make& make) {
  const KeptTimes times(place.parent);
  Swap swap{std::move(place), std::to_string(swaps_.size()), {}, {}};
  if (::renameat(swap.place.parent.get(), swap.place.name.c_str(), aside_.dir().get(),
                 swap.aside.c_str()) != 0) {
    throw base::SystemError("put aside", "/" + swap.place.name);
  }
  swaps_.push_back(std::move(swap));
  make(swaps_.back().place);
}

void StandIns::put_dev() {
  swap({root_.dup(), "dev"}, [](const Place& p) {
    make_directory(p.parent, p.name, 0755);
    fill_dev(base::open_dir_at(p.parent, base::RelPath::exact(p.name)));
  });
}

StandIns::Place StandIns::find_place(const base::RelPath& target, bool is_directory) const {
  // What MountPoints has not made lies in another stand-in.
  auto make = [](const MissingName& missing) {
    const base::DirFd parent = duplicate(missing.parent_fd, missing.path.parent().absolute());
    if (missing.kind == LeafKind::directory) {
      make_directory(parent, missing.name, 0755);
    } else {
      make_file(parent, missing.name, 0644);
    }
    return true;
  };
  const LeafKind kind = is_directory ? LeafKind::directory : LeafKind::file;
  const auto path = make_in_root(root_, target, kind, make);
  const base::ParentAt parent(root_, *path);
  return {duplicate(parent.fd(), path->parent().absolute()), parent.name()};
}

void StandIns::put_text(const char* path, const std::string& text) {
  swap(find_place(base::RelPath::exact(path), false), [&](const Place& p) {
    const base::UniqueFd file = make_file(p.parent, p.name, 0644);
    base::FdSink(file.get()).write(base::as_bytes(text));
  });
}

void StandIns::put_mount(const MountSpec& mount) {
  const bool is_tmpfs = mount.kind == MountSpec::Kind::tmpfs;
  const bool is_file = mount.kind == MountSpec::Kind::file;
  const bool is_directory = is_tmpfs || (!is_file && mount.source_is_directory);
  Place place = find_place(mount.target, is_directory);
  if (S_ISDIR(stat_at(place.parent, place.name).st_mode) != is_directory) {
    refuse(mount, is_directory ? "the target is no directory, but the source is"
                               : "the target is a directory, but the source is not");
  }
  if (is_tmpfs) {
    swap(std::move(place), [&](const Place& p) { make_directory(p.parent, p.name, mount.mode); });
  } else if (is_file || (mount.source_is_ours && is_regular(mount.source_fd))) {
    swap(std::move(place),
         [&](const Place& p) { copy_file(mount.source_fd, owner_of(mount), p.parent, p.name); });
  } else if (mount.source_is_ours) {
    move_in(std::move(place), mount);  // a directory, the socket of an agent
  } else {
    refuse(mount, "the isolation `chroot` cannot mount what belongs to the host");
  }
}

void StandIns::move_in(Place place, const MountSpec& mount) {
  const std::string path = host_path_of(mount.source_fd);
  const std::size_t slash = path.rfind('/');
  Place origin{base::DirFd::open(path.substr(0, slash + 1)), path.substr(slash + 1)};
  swap(std::move(place), [&](const Place& p) {
    const struct stat source = stat_at(origin.parent, origin.name);
    if (::renameat(origin.parent.get(), origin.name.c_str(), p.parent.get(), p.name.c_str()) != 0) {
      throw base::SystemError("move " + path + " to", mount.target.absolute());
    }
    swaps_.back().origin = std::move(origin);
    swaps_.back().moved = source;
  });
}

/// What the step has put in the place of a directory of ours goes; ours is lost then.
void StandIns::give_back(Swap& swap) {
  struct stat now {};
  const Place& place = swap.place;
  if (::fstatat(place.parent.get(), place.name.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (now.st_dev != swap.moved.st_dev || now.st_ino != swap.moved.st_ino) return;
  // ENOTEMPTY and EEXIST: somebody has made a new one meanwhile.
  if (::renameat(place.parent.get(), place.name.c_str(), swap.origin.parent.get(),
                 swap.origin.name.c_str()) != 0 &&
      errno != ENOTEMPTY && errno != EEXIST) {
    throw base::SystemError("move back", swap.origin.parent.shown_as() + swap.origin.name);
  }
}

void StandIns::undo(Swap& swap) {
  const KeptTimes times(swap.place.parent);
  if (swap.origin.parent.valid()) give_back(swap);
  base::remove_tree(swap.place.parent, base::RelPath::exact(swap.place.name));
  if (::renameat(aside_.dir().get(), swap.aside.c_str(), swap.place.parent.get(),
                 swap.place.name.c_str()) != 0 &&
      errno != ENOENT) {  // ENOENT: the step has removed the directory it stood in
    throw base::SystemError("put back", "/" + swap.place.name);
  }
}

void StandIns::remove() {
  while (!swaps_.empty()) {
    Swap swap = std::move(swaps_.back());
    swaps_.pop_back();
    undo(swap);
  }
  mount_points_.remove();
}

}  // namespace ibuild::sandbox
