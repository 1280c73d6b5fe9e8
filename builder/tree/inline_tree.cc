#include "builder/tree/inline_tree.h"

#include <utility>

namespace ibuild::builder {

InlineTree::InlineTree(parser::InlineFile file, base::TimePoint mtime)
    : name_(std::move(file.name)), content_(std::move(file.content)) {
  file_.entry.path = base::RelPath::clean(name_);
  file_.entry.mode = 0644;
  file_.entry.size_bytes = content_.size();
  file_.entry.mtime = mtime;
  file_.entry.content = base::sha256_of(content_);
}

std::optional<SourceFile> InlineTree::lookup(const base::RelPath& path) const {
  if (path == file_.path()) return file_;
  if (!file_.path().is_within(path)) return std::nullopt;
  SourceFile directory;
  directory.entry.path = path;
  directory.entry.type = layers::EntryType::directory;
  directory.entry.mode = 0755;
  directory.entry.mtime = file_.entry.mtime;
  return directory;
}

std::vector<SourceFile> InlineTree::children(const base::RelPath& directory) const {
  const auto components = file_.path().components();
  const auto depth = directory.components().size();
  if (!file_.path().is_within(directory) || depth >= components.size()) return {};
  return {*lookup(directory.join(components[depth]))};
}

void InlineTree::digest_files(std::span<SourceFile*>, std::stop_token) const {
}  // known from the start

std::unique_ptr<base::ByteSource> InlineTree::open(const SourceFile&) const {
  return std::make_unique<base::StringSource>(content_);
}

}  // namespace ibuild::builder
