#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "builder/ops/selected_entries.h"
#include "builder/plan/op.h"
#include "builder/tree/source_tree.h"

namespace ibuild::builder {

/// One source of a COPY, wildcards and links resolved.
struct SelectedSource {
  const SourceTree* tree = nullptr;
  SourceFile root;
  std::string name;  // the last part of the path as it was matched: the file's name in a directory
  SelectedEntries entries;  // below a directory's root
  std::size_t order = 0;    // which of the operation's paths brings it

  /// The path of one of `entries` below the root. Valid as long as that entry.
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
base::Digest selection_digest(std::span<const SelectedSource> sources);
/// One entry's share of it, as text: what `why` compares.
std::string fingerprint(const SourceFile& file);

}  // namespace ibuild::builder
