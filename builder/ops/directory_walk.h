#pragma once

#include <optional>
#include <stop_token>

#include "base/rel_path.h"
#include "builder/ops/selected_entries.h"
#include "builder/tree/source_tree.h"
#include "parser/ignore_matcher.h"

namespace ibuild::builder {

/// What is picked of a directory; none: everything, and nothing is left out.
struct WalkPatterns {
  std::optional<parser::IgnoreMatcher> includes;
  std::optional<parser::IgnoreMatcher> excludes;
};

/// All that lies below `root` and is picked, with the directories on the way there, in the order of
/// names. Content digests are filled in. Throws: base::Error, base::CancelledError.
SelectedEntries walk_directory(const SourceTree& tree, const base::RelPath& root,
                               const WalkPatterns& patterns, std::stop_token stop);

/// `path` without its beginning `root`. Valid as long as `path`.
std::string_view path_below(const base::RelPath& root, const base::RelPath& path);

}  // namespace ibuild::builder
