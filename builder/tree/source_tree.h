#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/rel_path.h"
#include "base/stream.h"
#include "builder/tree/file_digest_cache.h"
#include "layers/layer_entry.h"

namespace ibuild::builder {

/// Equal for the names of one file.
struct LinkKey {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  auto operator<=>(const LinkKey&) const = default;
};

/// One entry of a SourceTree, as COPY sees it.
struct SourceFile {
  layers::LayerEntry entry;     // path inside the tree; never a hardlink, whiteout or opaque marker
  std::optional<LinkKey> link;  // none: known to have no other name
  // The tree's own business:
  std::optional<FileIdentity> identity;        // of a host file
  std::size_t layer = 0;                       // of an image's file
  const layers::LayerEntry* origin = nullptr;  // likewise

  const base::RelPath& path() const { return entry.path; }
  bool is_directory() const { return entry.type == layers::EntryType::directory; }
  bool is_file() const { return entry.type == layers::EntryType::file; }
  bool is_symlink() const { return entry.type == layers::EntryType::symlink; }
};

/// Gives the bytes of files that somebody else lists.
class ContentSource {
 public:
  virtual ~ContentSource() = default;
  /// The bytes of a regular file of this source. Throws at its end when they are not those of
  /// entry.content, where that is known.
  virtual std::unique_ptr<base::ByteSource> open(const SourceFile& file) const = 0;
};

/// Files that COPY, ADD and mounts read from: the build context, what a stage left behind, a
/// heredoc. Nothing outside of its root can be reached through it. For any thread.
class SourceTree : public ContentSource {
 public:
  /// Without following links, not even in earlier components (they hide what is below). The root is
  /// a directory.
  virtual std::optional<SourceFile> lookup(const base::RelPath& path) const = 0;
  /// Direct children, sorted by name.
  virtual std::vector<SourceFile> children(const base::RelPath& directory) const = 0;
  using Listing = std::future<std::vector<SourceFile>>;
  /// The same, made meanwhile by another thread where that saves time, and here when it is asked
  /// for. It refers to the tree.
  virtual Listing list_soon(const base::RelPath& directory) const;
  /// Fills in the content digest (and, where it is known only from the open file, the xattrs) of
  /// every regular file given. Throws: Error when a file changes while it is read.
  virtual void digest_files(std::span<SourceFile*> files, std::stop_token stop) const = 0;
  /// For messages: "the build context", "stage build".
  virtual std::string shown_as() const = 0;
};

/// Where `path` leads: links are followed in every component but, without `follow_last`, the last
/// one, always inside the root. None when something is missing. Throws: base::UsageError after 255
/// links.
std::optional<SourceFile> resolve(const SourceTree& tree, const base::RelPath& path,
                                  bool follow_last);

}  // namespace ibuild::builder
