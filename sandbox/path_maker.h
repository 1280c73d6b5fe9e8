#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/fs_at.h"

namespace ibuild::sandbox {

enum class LeafKind { directory, file };

/// A name that is missing on a path.
struct MissingName {
  int parent_fd;  // O_PATH of its directory, open during the call
  std::string name;
  base::RelPath path;  // the same place without links, from the root
  LeafKind kind;       // `directory` for all but the last name
};
/// Makes the name and gives true, or gives false to end the walk.
using MakeName = std::function<bool(const MissingName&)>;

/// Walks `path` with `root` as "/": links are followed inside it, also where they lead to what is
/// not there, and each missing name is handed to `make`. Gives the place without links; none when
/// `make` gave false. Throws: SystemError (ELOOP after 40 links, ENOTDIR when a file is in the
/// way), what `make` throws.
std::optional<base::RelPath> make_in_root(const base::DirFd& root, const base::RelPath& path,
                                          LeafKind leaf, const MakeName& make);

}  // namespace ibuild::sandbox
