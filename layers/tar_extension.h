#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fs_at.h"
#include "layers/tar_sparse.h"

namespace ibuild::layers {

/// (uid_t)-1 means "leave it" to chown(2), so it is no id.
inline constexpr std::uint64_t kMaxTarId = std::numeric_limits<std::uint32_t>::max() - 1;

/// What extended headers say about the entry that follows them.
struct TarExtension {
  std::optional<std::string> path;
  std::optional<std::string> link_path;
  std::optional<std::uint64_t> uid;
  std::optional<std::uint64_t> gid;
  std::optional<std::uint64_t> size;
  std::optional<base::TimePoint> mtime;
  std::vector<base::Xattr> xattrs;  // those of is_applied_xattr
  TarSparseRecords sparse;
};

/// Reads the data of a pax extended header; what it says replaces what `extension` says.
/// Records that mean nothing for a layer are passed over. Throws ContentError.
void parse_pax_records(std::string_view text, TarExtension& extension);

}  // namespace ibuild::layers
