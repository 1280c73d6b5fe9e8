#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/synchronized.h"

namespace ibuild::builder {

/// Which version each source of a build from outside is: of an image its digest, of a file by URL
/// its digest, of a git repository the hash that its ref leads to. Either being written down, or
/// read from a file and binding. What a Dockerfile pins itself has no entry. Thread: any.
class SourceLock {
 public:
  enum class Kind { image, file, git };
  /// A lock file larger than this is refused.
  static constexpr std::uint64_t kMaxBytes = 4 << 20;

  /// Empty, for writing down.
  SourceLock() = default;
  /// Binding. `origin` names the file in errors. Throws: base::UsageError when it is no such file.
  SourceLock(std::string_view json, std::string origin);
  SourceLock(const SourceLock&) = delete;
  SourceLock& operator=(const SourceLock&) = delete;

  /// The version that is to be taken; none where versions are being written down.
  /// Throws: base::Error for a source that a binding lock does not have.
  std::optional<std::string> pinned(Kind kind, const std::string& name) const;
  /// Writes a version down; a binding lock does not change.
  void note(Kind kind, const std::string& name, const std::string& version);
  /// Sorted, so that the same sources give the same bytes.
  std::string to_json() const;

 private:
  std::string origin_;  // empty: writing down
  mutable base::Synchronized<std::map<std::pair<Kind, std::string>, std::string>> versions_;
};

}  // namespace ibuild::builder
