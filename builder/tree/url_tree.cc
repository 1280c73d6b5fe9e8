#include "builder/tree/url_tree.h"

#include <utility>

namespace ibuild::builder {

SourceFile UrlTree::expected_file(const base::Digest& content, const std::string& name) {
  SourceFile file;
  file.entry.path = base::RelPath::exact(name);
  file.entry.mode = 0600;
  file.entry.content = content;
  return file;
}

UrlTree::UrlTree(RemoteFile file, const std::string& name)
    : body_(std::move(file.body)), file_(expected_file(file.digest, name)) {
  file_.entry.size_bytes = file.size_bytes;
  file_.entry.mtime = file.last_modified.value_or(base::TimePoint{});
}

std::optional<SourceFile> UrlTree::lookup(const base::RelPath& path) const {
  if (path == file_.path()) return file_;
  if (!path.is_root()) return std::nullopt;
  SourceFile root;
  root.entry.type = layers::EntryType::directory;
  root.entry.mode = 0755;
  root.entry.mtime = file_.entry.mtime;
  return root;
}

std::vector<SourceFile> UrlTree::children(const base::RelPath& directory) const {
  if (!directory.is_root()) return {};
  return {file_};
}

void UrlTree::digest_files(std::span<SourceFile*>, std::stop_token) const {
}  // known from the start

std::unique_ptr<base::ByteSource> UrlTree::open(const SourceFile&) const {
  return std::make_unique<base::FdRangeSource>(body_.get(), 0, file_.entry.size_bytes);
}

}  // namespace ibuild::builder
