#pragma once

#include <string>

#include "builder/remote_files.h"
#include "builder/tree/source_tree.h"

namespace ibuild::builder {

/// A file that came by URL, as ADD takes it: alone in a tree, mode 0600, owned by root, and with
/// the time that the server gave, else that of 1970.
class UrlTree : public SourceTree {
 public:
  /// `name` is a single path component.
  UrlTree(RemoteFile file, const std::string& name);
  /// What file() would be but for its size and time, when only its content is known.
  static SourceFile expected_file(const base::Digest& content, const std::string& name);

  const SourceFile& file() const { return file_; }
  std::optional<SourceFile> lookup(const base::RelPath& path) const override;
  std::vector<SourceFile> children(const base::RelPath& directory) const override;
  void digest_files(std::span<SourceFile*> files, std::stop_token stop) const override;
  std::unique_ptr<base::ByteSource> open(const SourceFile& file) const override;
  std::string shown_as() const override { return "a URL"; }

 private:
  base::UniqueFd body_;
  SourceFile file_;
};

}  // namespace ibuild::builder
