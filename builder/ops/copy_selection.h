#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "builder/plan/op.h"
#include "builder/tree/source_tree.h"

namespace ibuild::builder {

/// A file or directory that a source brings, below its root.
struct SelectedEntry {
  SourceFile file;  // its path begins with that of the source's root
  /// False for a directory that no pattern picks, but something in it: it is made when it is
  /// missing and left alone else.
  bool picked = true;
};

/// One source of a COPY, wildcards and links resolved.
struct SelectedSource {
  const SourceTree* tree = nullptr;
  SourceFile root;
  std::string name;  // the last part of the path as it was matched: the file's name in a directory
  std::vector<SelectedEntry> entries;  // below a directory's root, in walk order
  std::size_t order = 0;               // which of the operation's paths brings it

  /// The path of one of `entries` below the root.
  std::string_view below(const SelectedEntry& entry) const;
};

/// Which files the local paths of `op` mean in `tree`: wildcards, --parents with its pivot,
/// --exclude. Content digests are filled in. A wildcard that matches nothing gives nothing. Throws:
/// base::UsageError when a path that must be there is not.
std::vector<SelectedSource> select_sources(const CopyOp& op, const SourceTree& tree,
                                           std::stop_token stop);

/// All of a tree but what --exclude names: a repository.
SelectedSource select_all(const CopyOp& op, const SourceTree& tree, std::stop_token stop);

/// One literal path, with all that lies below it: what a bind mount shows. Throws: base::UsageError
/// when it is not there.
SelectedSource select_path(const SourceTree& tree, const base::RelPath& path, std::stop_token stop);

/// What the key of a step takes from a selection: names, types, modes, owners, links, contents; not
/// times.
base::Digest selection_digest(const std::vector<SelectedSource>& sources);
/// One entry's share of it, as text: what `why` compares.
std::string fingerprint(const SourceFile& file);

}  // namespace ibuild::builder
