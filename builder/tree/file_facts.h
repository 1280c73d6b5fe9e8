#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/digest.h"

namespace ibuild::builder {

/// What tells that a file of the host is still the one that was read.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  auto operator<=>(const FileIdentity&) const = default;

  static FileIdentity of(const struct stat& status);
};

/// What is known of a file's content.
struct FileFacts {
  base::Sha256Value content;
  std::string capability;  // the xattr security.capability; at most kMaxCapabilityBytes
  bool operator==(const FileFacts&) const = default;
};
inline constexpr std::size_t kMaxCapabilityBytes =
    24;  // sizeof(struct vfs_ns_cap_data), linux/capability.h

}  // namespace ibuild::builder
