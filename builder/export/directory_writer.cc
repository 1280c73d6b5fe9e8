#include "builder/export/directory_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <chrono>

#include "base/error.h"
#include "base/parent_at.h"

namespace ibuild::builder {

namespace {

using layers::EntryType;
using layers::LayerEntry;

timespec to_timespec(base::TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {.tv_sec = seconds.time_since_epoch().count(), .tv_nsec = (time - seconds).count()};
}

std::uint32_t node_type(EntryType type) {
  switch (type) {
    case EntryType::char_device:
      return S_IFCHR;
    case EntryType::block_device:
      return S_IFBLK;
    default:
      return S_IFIFO;
  }
}

}  // namespace

void DirectoryWriter::visit(const LayerEntry& entry, base::ByteSource* data) {
  if (others_ == Others::remove) {
    for (auto path = entry.path; !path.is_root() && visited_.insert(path).second;)
      path = path.parent();
  }
  if (entry.type == EntryType::directory) return make_directory(entry);
  base::remove_tree(root_, entry.path);
  if (entry.type == EntryType::file) return make_file(entry, *data);
  make_node(entry);
}

void DirectoryWriter::make_directory(const LayerEntry& entry) {
  const auto existing = base::try_lstat_at(root_, entry.path);
  if (existing && !S_ISDIR(existing->st_mode)) base::remove_tree(root_, entry.path);
  base::make_dirs(root_, entry.path);
  directories_.push_back(entry);
}

void DirectoryWriter::make_file(const LayerEntry& entry, base::ByteSource& data) {
  const base::UniqueFd fd = base::open_at(root_, entry.path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  base::FdSink sink(fd.get());
  base::copy_stream(data, sink);
  if (::fchmod(fd.get(), entry.mode) != 0) throw base::SystemError("chmod", root_.show(entry.path));
  set_time(entry);
}

void DirectoryWriter::make_node(const LayerEntry& entry) {
  const auto parent = base::ParentAt::try_open(root_, entry.path);
  if (!parent) throw base::SystemError(ENOENT, "create", root_.show(entry.path));
  int failed = 0;
  const char* call = "create";
  switch (entry.type) {
    case EntryType::symlink:
      call = "make link";
      failed = ::symlinkat(entry.link_target.c_str(), parent->fd(), parent->name());
      break;
    case EntryType::hardlink: {
      call = "make hard link";
      const auto target = base::ParentAt::try_open(root_, base::RelPath::exact(entry.link_target));
      if (!target) throw base::SystemError(ENOENT, call, root_.show(entry.path));
      failed = ::linkat(target->fd(), target->name(), parent->fd(), parent->name(), 0);
      break;
    }
    default:
      call = "make device node";
      failed = ::mknodat(parent->fd(), parent->name(), node_type(entry.type) | entry.mode,
                         ::makedev(entry.device_major, entry.device_minor));
  }
  if (failed != 0) throw base::SystemError(call, root_.show(entry.path));
  if (entry.type != EntryType::hardlink) set_time(entry);
}

void DirectoryWriter::set_time(const LayerEntry& entry) const {
  const auto parent = base::ParentAt::try_open(root_, entry.path);
  const timespec time = to_timespec(entry.mtime);
  const timespec times[2] = {time, time};
  if (!parent || ::utimensat(parent->fd(), parent->name(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    throw base::SystemError("set times of", root_.show(entry.path));
  }
}

void DirectoryWriter::remove_others(const base::RelPath& directory) {
  for (const auto& found : base::list_dir(root_, directory)) {
    const auto path = directory.join(found.name);
    if (!visited_.contains(path)) {
      base::remove_tree(root_, path);
    } else if (S_ISDIR(base::lstat_at(root_, path).st_mode)) {
      remove_others(path);
    }
  }
}

void DirectoryWriter::finish() {
  if (others_ == Others::remove) remove_others({});
  // The deepest first: a directory without rights for its owner would keep us from those below it.
  for (auto entry = directories_.rbegin(); entry != directories_.rend(); ++entry) {
    const base::DirFd dir = base::open_dir_at(root_, entry->path);
    if (::fchmod(dir.get(), entry->mode) != 0) throw base::SystemError("chmod", dir.shown_as());
    set_time(*entry);
  }
  directories_.clear();
}

}  // namespace ibuild::builder
