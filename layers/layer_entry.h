#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/fs_at.h"
#include "base/rel_path.h"

namespace ibuild::layers {

enum class EntryType : std::uint8_t {
  file,
  directory,
  symlink,
  hardlink,  // link_target names an earlier `file` entry of the same layer
  char_device,
  block_device,
  fifo,
  whiteout,  // the path is deleted; nothing else is meaningful
  opaque,    // the directory `path` hides everything below it in lower layers; stands beside its
             // directory entry
};

/// One entry of a layer: what a tar header says, in host form.
struct LayerEntry {
  base::RelPath path;  // of the file itself; for a whiteout the path that is deleted
  EntryType type = EntryType::file;
  std::uint32_t mode = 0;  // permission bits with setuid, setgid, sticky: 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size_bytes = 0;  // files only
  base::TimePoint mtime{};
  std::string link_target;  // symlink: its text; hardlink: RelPath text of the file it names
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::vector<base::Xattr> xattrs;
  std::uint64_t tar_offset = 0;              // where the file's bytes start in the uncompressed tar
  std::optional<base::Sha256Value> content;  // of the file's bytes, where it was computed
};

/// The order of a depth-first walk with names sorted by bytes: '/' sorts before every other byte.
std::strong_ordering compare_walk_order(std::string_view a, std::string_view b);
inline bool walk_less(const LayerEntry& a, const LayerEntry& b) {
  const auto order = compare_walk_order(a.path.str(), b.path.str());
  return order != 0 ? order < 0 : a.type < b.type;
}

}  // namespace ibuild::layers
