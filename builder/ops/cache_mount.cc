#include "builder/ops/cache_mount.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/owner_record.h"
#include "layers/file_times.h"
#include "layers/layer_collector.h"
#include "layers/tree_applier.h"

namespace ibuild::builder {
namespace {

/// Directories of one id: more steps than this do not run side by side.
constexpr int kMaxPrivate = 1024;
constexpr std::uint64_t kMaxNameBytes = 16 << 10;

base::RelPath directory_of(const std::string& id, int number) {
  return base::RelPath::exact(std::string(base::sha256_of(id).hex()) + "/" +
                              std::to_string(number));
}

base::RelPath lock_path(const std::string& id, const std::string& what) {
  return base::RelPath::exact("mount-" + std::string(base::sha256_of(id).hex()) + "-" + what);
}

base::LockFile lock(const layers::Store& store, const std::string& id, const RunMount& mount,
                    int& number, std::stop_token stop) {
  const auto path = [&](int n) { return lock_path(id, std::to_string(n)); };
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

/// Of a mode that is asked for BuildKit takes these bits: neither setuid nor setgid nor sticky.
constexpr std::uint32_t kPermissionBits = 0777;

/// Who owns a cache and its mode. Of a part of it nobody asks.
struct Access {
  std::uint32_t mode = 0755;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;

  explicit Access(const RunMount& mount) {
    if (!base::RelPath::clean(mount.source).is_root()) return;
    mode = mount.mode.value_or(mode) & kPermissionBits;
    uid = mount.uid.value_or(uid);
    gid = mount.gid.value_or(gid);
  }
  explicit Access(const layers::LayerEntry& entry)
      : mode(entry.mode), uid(entry.uid), gid(entry.gid) {}

  std::string str() const {
    return std::to_string(uid) + ":" + std::to_string(gid) + ":" + std::to_string(mode);
  }
  void apply_to(const base::DirFd& dir) const {
    if (uid != 0 || gid != 0) {
      base::give_file(dir.get(), static_cast<uid_t>(uid), static_cast<gid_t>(gid));
    }
    if (::fchmod(dir.get(), mode) != 0) throw base::SystemError("chmod", dir.shown_as());
  }
};

void copy_content(const SelectedSource& source, const base::DirFd& into, std::stop_token stop) {
  layers::LayerCollector collector;
  layers::TreeApplier applier(into, layers::OverlayXattrs::none);
  std::map<LinkKey, base::RelPath> first_names;
  for (const auto& selected : source.entries) {
    if (stop.stop_requested()) throw base::CancelledError();
    layers::LayerEntry entry = selected.file.entry;
    entry.path = base::RelPath::exact(source.below(selected));
    if (selected.file.is_file() && selected.file.link) {
      const auto [first, is_new] = first_names.emplace(*selected.file.link, entry.path);
      if (!is_new) {
        entry.type = layers::EntryType::hardlink;
        entry.link_target = first->second.str();
      }
    }
    const bool has_bytes = entry.type == layers::EntryType::file;
    const auto bytes =
        has_bytes ? source.tree->open(selected.file) : std::make_unique<base::StringSource>("");
    applier.add(collector.add(std::move(entry)), *bytes);
  }
  applier.finish(collector.finish(layers::TarOrigin::foreign));
}

/// A directory that is not yet what others see.
class NewDirectory {
 public:
  /// Requires: nobody else makes the directory of this path meanwhile.
  NewDirectory(const base::DirFd& parent, std::string name)
      : parent_(parent), name_(std::move(name)), temp_name_(name_ + ".new") {
    base::remove_tree(parent_, base::RelPath::exact(temp_name_));
    if (::mkdirat(parent_.get(), temp_name_.c_str(), 0700) != 0)
      throw base::SystemError("mkdir", parent_.show(base::RelPath::exact(temp_name_)));
    dir_ = base::open_dir_at(parent_, base::RelPath::exact(temp_name_));
  }
  const base::DirFd& dir() const { return dir_; }
  base::DirFd publish() && {
    if (::renameat(parent_.get(), temp_name_.c_str(), parent_.get(), name_.c_str()) != 0)
      throw base::SystemError("rename", parent_.show(base::RelPath::exact(name_)));
    return std::move(dir_);
  }

 private:
  const base::DirFd& parent_;
  std::string name_;
  std::string temp_name_;
  base::DirFd dir_;
};

/// Leaves the mount's name and the time for those who look after the store.
void note_use(const base::DirFd& mounts, const base::RelPath& folder, const std::string& name) {
  base::write_file_atomically(mounts, folder.join("name"), name);
}

/// Takes the directory away. Requires: the lock of its number, or that nobody has it.
void remove_directory(const layers::Store& store, const std::string& id, int number) {
  base::remove_tree(store.cache_dir("mounts"), directory_of(id, number));
}

/// Takes the directory that steps share away, unless one has it now.
void remove_shared(const layers::Store& store, const std::string& id) {
  const auto alone = base::LockFile::try_acquire(store.locks(), lock_path(id, "0"),
                                                 base::LockFile::Mode::exclusive);
  if (alone) remove_directory(store, id, 0);
}

void fill(const base::DirFd& dir, const std::string& name, const CacheMount::Beginning& beginning,
          std::stop_token stop) {
  const auto restored = beginning.restore ? beginning.restore(name) : std::nullopt;
  if (restored) return copy_content(*restored, dir, std::move(stop));
  if (beginning.base) copy_content(beginning.base->content, dir, std::move(stop));
}

}  // namespace

CacheMount CacheMount::open(const layers::Store& store, const RunMount& mount,
                            const Beginning& beginning, std::stop_token stop) {
  const auto& base = beginning.base;
  // Who owns the directory is part of what it is: steps of another user get another one.
  const Access access = base ? Access(base->content.root.entry) : Access(mount);
  const std::string id = mount.id + "\n" + (base ? "from " + base->name : access.str());
  const bool is_anew = beginning.begins_anew && beginning.begins_anew(id);
  const bool is_shared = mount.sharing == parser::CacheSharing::shared;
  if (is_anew && is_shared) remove_shared(store, id);
  int number = 0;
  base::LockFile held = lock(store, id, mount, number, stop);
  if (is_anew && !is_shared) remove_directory(store, id, number);

  const auto path = directory_of(id, number);
  const std::string name(path.name());
  const auto root = store.cache_dir("mounts");
  base::make_dirs(root, path.parent());
  const base::DirFd parent = base::open_dir_at(root, path.parent());
  note_use(root, path.parent(), id);
  const auto making = base::LockFile::acquire(store.locks(), lock_path(id, "making"),
                                              base::LockFile::Mode::exclusive, stop);
  if (base::try_lstat_at(parent, base::RelPath::exact(name)))
    return {std::move(held), base::open_dir_at(parent, base::RelPath::exact(name))};
  NewDirectory made(parent, name);
  if (!is_anew) fill(made.dir(), id, beginning, std::move(stop));
  access.apply_to(made.dir());
  if (base)
    layers::set_mtime(made.dir().get(), nullptr, base->content.root.entry.mtime,
                      made.dir().shown_as());
  return {std::move(held), std::move(made).publish()};
}

std::vector<std::string> CacheMount::stored_names(const layers::Store& store) {
  std::vector<std::string> names;
  const auto mounts = store.cache_dir("mounts");
  for (const auto& entry : base::list_dir(mounts)) {
    const auto name =
        base::try_read_file_at(mounts, base::RelPath::exact(entry.name + "/name"), kMaxNameBytes);
    // A damaged one would lead to another directory.
    if (name && base::sha256_of(*name).hex() == entry.name) names.push_back(*name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string_view CacheMount::id_of(std::string_view name) {
  const auto id = name.substr(0, name.find('\n'));
  return id.starts_with('/') ? id.substr(1) : id;
}

std::optional<CacheMount> CacheMount::open_stored(const layers::Store& store,
                                                  const std::string& name, std::stop_token stop) {
  auto held = base::LockFile::acquire(store.locks(), lock_path(name, "0"),
                                      base::LockFile::Mode::exclusive, std::move(stop));
  const auto root = store.cache_dir("mounts");
  const auto path = directory_of(name, 0);
  if (!base::try_lstat_at(root, path)) return std::nullopt;
  return CacheMount(std::move(held), base::open_dir_at(root, path));
}

}  // namespace ibuild::builder
