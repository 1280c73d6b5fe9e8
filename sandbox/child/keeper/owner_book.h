#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <utility>

#include "base/owner_record.h"

namespace ibuild::sandbox {

/// What files of a step count as. Files are open, O_PATH will do.
class OwnerBook {
 public:
  /// They all have to fit into a frame (Channel::kFrameCapBytes).
  static constexpr std::size_t kSpecialCap = 200000;

  explicit OwnerBook(base::SpecialOwners special) : special_(std::move(special)) {}

  /// What has no attribute is remembered by number.
  static bool can_bear_record(const struct stat& info) {
    return S_ISREG(info.st_mode) || S_ISDIR(info.st_mode);
  }

  /// None for what is root's, or nobody's business. `info` is what fstat says of it.
  std::optional<base::OwnerRecord> find(int fd, const struct stat& info) const;
  /// Throws: SystemError; ENOSPC when there are too many that can have no attribute.
  void set(int fd, const struct stat& info, const base::OwnerRecord& record);
  /// For files that can have no attribute.
  const base::SpecialOwners& special() const { return special_; }

 private:
  base::SpecialOwners special_;
};

}  // namespace ibuild::sandbox
