#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "builder/tree/source_tree.h"
#include "parser/instruction.h"

namespace ibuild::builder {

/// One heredoc of a COPY or ADD as a tree with a single file, mode 0644, owned by root.
class InlineTree : public SourceTree {
 public:
  InlineTree(parser::InlineFile file, base::TimePoint mtime);

  const SourceFile& file() const { return file_; }
  std::optional<SourceFile> lookup(const base::RelPath& path) const override;
  std::vector<SourceFile> children(const base::RelPath& directory) const override;
  void digest_files(std::span<SourceFile*> files, std::stop_token stop) const override;
  std::unique_ptr<base::ByteSource> open(const SourceFile& file) const override;
  std::string shown_as() const override { return "the heredoc " + name_; }

 private:
  std::string name_;
  std::string content_;
  SourceFile file_;
};

}  // namespace ibuild::builder
