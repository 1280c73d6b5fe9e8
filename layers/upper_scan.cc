// See: Documentation/filesystems/overlayfs.rst of Linux; image-spec/layer.md, "Whiteouts".
#include "layers/upper_scan.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>

#include "base/error.h"
#include "base/parent_at.h"
#include "base/text.h"
#include "layers/content_compare.h"
#include "layers/entry_metadata.h"
#include "layers/file_times.h"
#include "layers/tar_format.h"
#include "layers/upper_marks.h"
#include "layers/xattr_policy.h"

namespace ibuild::layers {

namespace {

constexpr mode_t kModeBits = 07777;

EntryType type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return EntryType::directory;
    case S_IFLNK:
      return EntryType::symlink;
    case S_IFCHR:
      return EntryType::char_device;
    case S_IFBLK:
      return EntryType::block_device;
    case S_IFIFO:
      return EntryType::fifo;
    default:
      return EntryType::file;
  }
}

LayerEntry entry_of(const base::RelPath& path, const struct stat& info) {
  LayerEntry entry;
  entry.path = path;
  entry.type = type_of(info.st_mode);
  entry.mode = info.st_mode & kModeBits;
  entry.uid = info.st_uid;
  entry.gid = info.st_gid;
  if (entry.type == EntryType::file) entry.size_bytes = static_cast<std::uint64_t>(info.st_size);
  entry.mtime = std::chrono::floor<std::chrono::seconds>(to_time_point(info.st_mtim));
  if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
    entry.device_major = major(info.st_rdev);
    entry.device_minor = minor(info.st_rdev);
  }
  return entry;
}

bool is_same_directory(const LayerEntry& entry, const LayerEntry* lower) {
  if (lower == nullptr) return entry.mode == 0755 && entry.uid == 0 && entry.gid == 0;
  return lower->type == EntryType::directory && lower->mode == entry.mode &&
         lower->uid == entry.uid && lower->gid == entry.gid;
}

using LatestTime = std::optional<base::TimePoint>;

base::TimePoint clamp(base::TimePoint time, const LatestTime& latest) {
  return latest ? std::min(time, *latest) : time;
}

/// A lower layer's entry may have a time that was clamped, while the file in its tree has its own.
bool has_same_time(const LayerEntry& upper, const LayerEntry& lower, const LatestTime& latest) {
  using std::chrono::seconds;
  const auto time = std::chrono::floor<seconds>(lower.mtime);
  return std::chrono::floor<seconds>(upper.mtime) == time ||
         std::chrono::floor<seconds>(clamp(upper.mtime, latest)) == time;
}

std::vector<base::Xattr> stored_xattrs(const LayerEntry& entry) {
  std::vector<base::Xattr> stored;
  std::copy_if(entry.xattrs.begin(), entry.xattrs.end(), std::back_inserter(stored),
               [](const base::Xattr& xattr) { return is_stored_xattr(xattr.name); });
  return stored;
}

bool can_have_record(const LayerEntry& entry) {
  return entry.type == EntryType::file || entry.type == EntryType::directory;
}

void apply_record(const base::OwnerRecord& record, LayerEntry& entry) {
  entry.uid = record.uid;
  entry.gid = record.gid;
  if (record.device_type == 0 || entry.type != EntryType::file) return;
  entry.type = record.device_type == S_IFBLK ? EntryType::block_device : EntryType::char_device;
  entry.size_bytes = 0;
  entry.device_major = record.device_major;
  entry.device_minor = record.device_minor;
}

struct stat stat_at(const base::DirFd& dir, const base::RelPath& path) {
  struct stat info {};
  const std::string name(path.name());
  if (::fstatat(dir.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    throw base::SystemError("stat", dir.show(base::RelPath::exact(name)));
  }
  return info;
}

base::UniqueFd open_file_at(const base::DirFd& dir, const base::RelPath& path) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const std::string name(path.name());
  base::UniqueFd fd(::openat(dir.get(), name.c_str(), kFlags));
  if (!fd) throw base::SystemError("open", dir.show(base::RelPath::exact(name)));
  return fd;
}

}  // namespace

std::vector<LayerEntry> UpperScan::run() {
  add_root();
  while (!pending_.empty()) {
    if (stop_.stop_requested()) throw base::CancelledError();
    Directory directory = std::move(pending_.back());
    pending_.pop_back();
    scan(std::move(directory));
  }
  const std::vector<std::size_t> order = walk_order();
  settle_hard_links(order);
  include_parents();
  note_leftovers();
  std::vector<LayerEntry> entries;
  for (std::size_t number : order) {
    if (!nodes_[number].is_part) continue;
    entries.push_back(std::move(nodes_[number].entry));
    entries.back().mtime = clamp(entries.back().mtime, tree_.latest_time);
  }
  return entries;
}

void UpperScan::add_root() {
  struct stat info {};
  if (::fstat(tree_.upper.get(), &info) != 0) {
    throw base::SystemError("stat", tree_.upper.shown_as());
  }
  Node root{.entry = entry_of({}, info)};
  if (records_owners_) {
    const auto record = base::read_owner_record(tree_.upper.get());
    if (record) apply_record(*record, root.entry);
  }
  TreeView::Directory lower = tree_.lower.root();
  root.is_part = !is_same_directory(root.entry, lower.node().entry);
  nodes_.push_back(std::move(root));
  pending_.push_back(
      {.node = 0, .lower = std::move(lower), .hides_lower = tree_.before != nullptr});
}

void UpperScan::scan(Directory directory) {
  const base::RelPath path = nodes_[directory.node].entry.path;
  const base::DirFd dir = base::open_dir_at(tree_.upper, path);
  std::vector<base::Xattr> kept;
  const UpperMarks marks = read_upper_marks(dir.get(), dir.shown_as(), tree_.xattrs, kept);
  nodes_[directory.node].entry.xattrs = std::move(kept);
  directory.hides_lower = directory.hides_lower || marks.is_opaque;
  if (marks.is_opaque) leftovers_.opaque.push_back(path);
  const std::vector<base::DirEntry> names = base::list_dir(dir);
  for (const base::DirEntry& name : names) {
    base::RelPath child = path.join(name.name);
    if (child.str().size() > kMaxPathBytes) {
      throw base::ContentError("\"" + base::printable(child.str().substr(0, 100)) +
                               "…\" is too long a path to be put into a layer");
    }
    scan_name(directory, dir, child, marks.holds_xattr_whiteouts);
  }
  if (directory.hides_lower && directory.lower) add_hidden_names(directory, names);
}

/// What an opaque directory hides and does not have itself is deleted.
void UpperScan::add_hidden_names(const Directory& directory,
                                 const std::vector<base::DirEntry>& present) {
  for (const TreeView::Node& node : directory.lower->children()) {
    const auto found = std::lower_bound(
        present.begin(), present.end(), node.path.name(),
        [](const base::DirEntry& entry, std::string_view name) { return entry.name < name; });
    const bool is_present = found != present.end() && found->name == node.path.name();
    const bool was_there = tree_.before == nullptr || !tree_.before->lacked(node.path);
    if (is_present || !was_there) continue;
    add_whiteout(directory.node, node.path);
    leftovers_.hidden.push_back(node.path);
  }
}

bool UpperScan::is_whiteout(const base::DirFd& dir, const base::RelPath& path,
                            const struct stat& info, bool may_be_xattr_whiteout) const {
  if (tree_.before != nullptr) return false;
  if (S_ISCHR(info.st_mode)) return info.st_rdev == makedev(0, 0);
  if (!may_be_xattr_whiteout || !S_ISREG(info.st_mode) || info.st_size != 0) return false;
  const base::UniqueFd fd = open_file_at(dir, path);
  std::vector<base::Xattr> kept;
  return read_upper_marks(fd.get(), path.str(), tree_.xattrs, kept).is_xattr_whiteout;
}

void UpperScan::scan_name(const Directory& directory, const base::DirFd& dir,
                          const base::RelPath& path, bool may_be_xattr_whiteout) {
  const struct stat info = stat_at(dir, path);
  const auto lower = directory.lower ? directory.lower->child(path.name()) : std::nullopt;
  if (is_whiteout(dir, path, info, may_be_xattr_whiteout)) {
    if (lower) {
      add_whiteout(directory.node, path);
    } else {
      leftovers_.files.push_back(path);
    }
  } else if (S_ISSOCK(info.st_mode)) {
    drop_socket(dir, path, lower.has_value());
    if (lower) add_whiteout(directory.node, path);
  } else if (S_ISDIR(info.st_mode)) {
    LayerEntry entry = entry_of(path, info);
    take_record(directory, dir, entry, lower.has_value());
    add_directory(directory, std::move(entry), lower);
  } else {
    LayerEntry entry = entry_of(path, info);
    take_record(directory, dir, entry, lower.has_value());
    add_other(directory, dir, std::move(entry), info, lower);
  }
}

std::optional<base::OwnerRecord> UpperScan::find_record(const base::DirFd& dir,
                                                        const LayerEntry& entry) const {
  if (can_have_record(entry)) {
    return base::read_owner_record_at(dir.get(), std::string(entry.path.name()));
  }
  if (tree_.special_owners == nullptr || tree_.special_owners->empty()) return std::nullopt;
  const base::ParentAt place(*tree_.merged, entry.path);
  return tree_.special_owners->find(base::identity_of(place.fd(), place.name()));
}

void UpperScan::take_record(const Directory& parent, const base::DirFd& dir, LayerEntry& entry,
                            bool is_in_lower) const {
  if (!records_owners_) return;
  if (const auto record = find_record(dir, entry)) return apply_record(*record, entry);
  const LayerEntry& above = nodes_[parent.node].entry;
  if (is_in_lower || (above.mode & S_ISGID) == 0 || above.gid == 0) return;
  // What is copied up from this layer later on has to find it as well.
  entry.gid = above.gid;
  if (can_have_record(entry)) {
    base::write_owner_record_at(dir.get(), std::string(entry.path.name()),
                                {.uid = entry.uid, .gid = entry.gid});
  }
}

void UpperScan::add_whiteout(std::size_t parent, const base::RelPath& path) {
  Node node{.parent = parent, .is_part = true};
  node.entry.path = path;
  node.entry.type = EntryType::whiteout;
  nodes_.push_back(std::move(node));
}

void UpperScan::drop_socket(const base::DirFd& dir, const base::RelPath& path,
                            bool hides_something) {
  const std::string name(path.name());
  if (warn_) {
    warn_("\"" + base::printable(path.absolute()) +
          "\" is a socket, which no layer can hold: left out");
  }
  if (::unlinkat(dir.get(), name.c_str(), 0) != 0) throw base::SystemError("remove", path.str());
  if (!hides_something || tree_.before != nullptr) return;
  make_whiteout(dir.get(), name, path.str());
}

void UpperScan::add_directory(const Directory& parent, LayerEntry entry,
                              const std::optional<TreeView::Node>& lower) {
  Directory directory{.node = nodes_.size(), .hides_lower = parent.hides_lower};
  if (lower && lower->is_directory()) {
    directory.lower = parent.lower->subdirectory(entry.path.name());
  }
  Node node{.entry = std::move(entry), .parent = parent.node};
  node.is_part = !directory.lower || !is_same_directory(node.entry, lower->entry);
  nodes_.push_back(std::move(node));
  pending_.push_back(std::move(directory));
}

void UpperScan::add_other(const Directory& parent, const base::DirFd& dir, LayerEntry entry,
                          const struct stat& info, const std::optional<TreeView::Node>& lower) {
  if (entry.type == EntryType::symlink) {
    entry.link_target = base::read_link_at(dir, base::RelPath::exact(entry.path.name()));
  }
  Node node{.entry = std::move(entry), .parent = parent.node};
  const bool is_untouched =
      tree_.before != nullptr && tree_.before->is_untouched(node.entry.path, info);
  const bool is_file = node.entry.type == EntryType::file;
  const auto is_same = [&] {
    return is_untouched || (has_same_metadata(node.entry, *lower->entry) &&
                            has_same_time(node.entry, *lower->entry, tree_.latest_time) &&
                            (!is_file || is_same_file(dir, node.entry, *lower)));
  };
  if (lower && lower->entry != nullptr && is_same()) node.same_as = lower->entry;
  node.is_part = node.same_as == nullptr;
  if (is_file && info.st_nlink > 1) links_[{info.st_dev, info.st_ino}].push_back(nodes_.size());
  nodes_.push_back(std::move(node));
}

bool UpperScan::is_same_file(const base::DirFd& dir, const LayerEntry& entry,
                             const TreeView::Node& lower) const {
  const base::UniqueFd fd = open_file_at(dir, entry.path);
  std::vector<base::Xattr> kept;
  read_upper_marks(fd.get(), entry.path.str(), tree_.xattrs, kept);
  if (kept != stored_xattrs(*lower.entry)) return false;
  if (entry.size_bytes == 0) return true;
  base::FdSource mine(fd.get());
  const auto theirs = tree_.layers.open_file(tree_.chain[lower.layer], *lower.entry, stop_);
  return has_same_content(mine, *theirs);
}

std::vector<std::size_t> UpperScan::walk_order() const {
  std::vector<std::size_t> order(nodes_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    return walk_less(nodes_[a].entry, nodes_[b].entry);
  });
  return order;
}

/// Names of one file stay together: when one is part of the layer, all are, and the first of them
/// in walk order is the file. Nothing changed when all still name one file of the lower layers.
void UpperScan::settle_hard_links(const std::vector<std::size_t>& order) {
  std::vector<std::size_t> rank(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  for (auto& [inode, names] : links_) {
    if (names.size() < 2) continue;
    const LayerEntry* file = nodes_[names.front()].same_as;
    const bool is_unchanged =
        file != nullptr && std::all_of(names.begin(), names.end(), [&](std::size_t name) {
          return nodes_[name].same_as == file;
        });
    if (is_unchanged) continue;
    std::sort(names.begin(), names.end(),
              [&](std::size_t a, std::size_t b) { return rank[a] < rank[b]; });
    for (std::size_t name : names) {
      nodes_[name].is_part = true;
      if (name == names.front()) continue;
      nodes_[name].entry.type = EntryType::hardlink;
      nodes_[name].entry.size_bytes = 0;
      nodes_[name].entry.link_target = nodes_[names.front()].entry.path.str();
    }
  }
}

void UpperScan::include_parents() {
  for (const Node& node : nodes_) {
    if (!node.is_part) continue;
    for (std::size_t up = node.parent; up != 0 && !nodes_[up].is_part; up = nodes_[up].parent) {
      nodes_[up].is_part = true;
    }
  }
}

/// A directory stands after its parent in nodes_.
void UpperScan::note_leftovers() {
  if (tree_.before != nullptr) {
    leftovers_ = {};
    return;
  }
  for (std::size_t i = nodes_.size(); i-- > 1;) {
    if (nodes_[i].is_part) continue;
    const bool is_directory = nodes_[i].entry.type == EntryType::directory;
    auto& paths = is_directory ? leftovers_.directories : leftovers_.files;
    paths.push_back(nodes_[i].entry.path);
  }
}

}  // namespace ibuild::layers
