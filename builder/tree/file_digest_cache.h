#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/digest.h"
#include "base/fs_at.h"

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

/// cache/files/files.idx: content digests of host files by identity, so that unchanged files are
/// not read again. A file that was changed less than two seconds before it was read is not
/// remembered: a second change might not show in its times. A damaged index is an empty one. For
/// any thread. See: docs/design/builder_cache_format.md.
class FileDigestCache {
 public:
  /// `dir` holds the index. Reads nothing yet.
  explicit FileDigestCache(base::DirFd dir) : dir_(std::move(dir)) {}
  ~FileDigestCache();
  FileDigestCache(const FileDigestCache&) = delete;
  FileDigestCache& operator=(const FileDigestCache&) = delete;

  std::optional<FileFacts> find(const FileIdentity& identity);
  /// `read_at` is the time before the first byte was read.
  void remember(const FileIdentity& identity, const FileFacts& facts, base::TimePoint read_at);
  /// Writes what is new, together with what the file has by now. Nothing new: does nothing.
  void save();
  /// The same, but only when what is new takes much memory (some hundred bytes a file).
  void save_many();

 private:
  struct Mapping {
    const char* data = nullptr;
    std::size_t records = 0;
  };
  void save_locked();
  void load();
  void unload();
  std::optional<FileFacts> find_mapped(const FileIdentity& identity) const;

  base::DirFd dir_;
  std::mutex mutex_;
  bool loaded_ = false;
  void* map_ = nullptr;
  std::size_t map_bytes_ = 0;
  Mapping mapping_;
  std::map<FileIdentity, FileFacts> fresh_;
};

}  // namespace ibuild::builder
