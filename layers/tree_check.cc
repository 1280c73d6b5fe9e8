#include "layers/tree_check.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace ibuild::layers {

namespace {

bool is_device(EntryType type) {
  return type == EntryType::char_device || type == EntryType::block_device;
}

bool has_type(mode_t mode, EntryType type) {
  switch (type) {
    case EntryType::file:
    case EntryType::hardlink:
      return S_ISREG(mode);
    case EntryType::directory:
    case EntryType::opaque:
      return S_ISDIR(mode);
    case EntryType::symlink:
      return S_ISLNK(mode);
    case EntryType::char_device:
    case EntryType::whiteout:
      return S_ISCHR(mode);
    case EntryType::block_device:
      return S_ISBLK(mode);
    case EntryType::fifo:
      return S_ISFIFO(mode);
  }
  return false;
}

/// Whole seconds, as layers bear them. What file systems without room for it cut off is not
/// compared.
bool has_time(const struct stat& info, base::TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  if (seconds < 0 || seconds > std::numeric_limits<std::int32_t>::max()) return true;
  return info.st_mtim.tv_sec == seconds;
}

bool fits(const base::DirFd& tree, const LayerEntry& entry, OverlayXattrs xattrs) {
  if (entry.type == EntryType::whiteout && xattrs == OverlayXattrs::none) return true;
  const auto info = base::try_lstat_at(tree, entry.path);
  // No user namespace may make devices, so trees have none there.
  if (!info) return is_device(entry.type) && xattrs != OverlayXattrs::trusted;
  // With a single id an empty file stands for it.
  if (is_device(entry.type) && S_ISREG(info->st_mode)) return xattrs != OverlayXattrs::trusted;
  if (!has_type(info->st_mode, entry.type)) return false;
  if (entry.type != EntryType::file) return true;
  return static_cast<std::uint64_t>(info->st_size) == entry.size_bytes &&
         has_time(*info, entry.mtime);
}

}  // namespace

bool fits_index(const base::DirFd& tree, const LayerIndex& index, OverlayXattrs xattrs) {
  const auto entries = index.entries();
  return std::all_of(entries.begin(), entries.end(),
                     [&](const LayerEntry& entry) { return fits(tree, entry, xattrs); });
}

}  // namespace ibuild::layers
