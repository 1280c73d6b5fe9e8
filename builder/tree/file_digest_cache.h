#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/fs_at.h"
#include "builder/tree/file_facts.h"
#include "builder/tree/file_facts_table.h"

namespace ibuild::builder {

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
  /// Takes less memory: what is new is written when there is much of it, and what was read of the
  /// file is let go of.
  void take_less_memory();

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
  FileFactsTable fresh_;
};

}  // namespace ibuild::builder
