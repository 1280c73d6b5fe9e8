#pragma once

#include <string>

#include "builder/ops/copy_selection.h"
#include "builder/ops/destination_tree.h"

namespace ibuild::builder {

/// Where a COPY goes: a path, and whether it can only mean a directory.
struct CopyDestination {
  base::RelPath path;
  bool is_directory = false;  // written with a "/" or "/." at its end

  /// `text` is absolute.
  static CopyDestination parse(const std::string& text);
};

/// Puts one source of a COPY where it belongs, by BuildKit's rules: a directory's content goes into
/// the destination; a file goes into a destination that is a directory (or is written as one), and
/// else takes its name; links in the destination are followed inside the root. Sources are put one
/// after the other; a later one may overwrite. Throws: base::UsageError.
void place_source(const SelectedSource& source, const CopyDestination& destination,
                  DestinationTree& tree);

}  // namespace ibuild::builder
