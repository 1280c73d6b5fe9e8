#include "sandbox/child/keeper/owner_book.h"

#include <cerrno>

#include "base/error.h"

namespace ibuild::sandbox {

std::optional<base::OwnerRecord> OwnerBook::find(int fd, const struct stat& info) const {
  if (can_bear_record(info)) {
    if (const auto record = base::read_owner_record(fd)) return record;
  }
  if (special_.empty()) return std::nullopt;
  return special_.find(base::identity_of(fd));
}

void OwnerBook::set(int fd, const struct stat& info, const base::OwnerRecord& record) {
  if (can_bear_record(info) && base::write_owner_record(fd, record)) return;
  if (special_.size() >= kSpecialCap) throw base::SystemError(ENOSPC, "record owner", "");
  special_.set(base::identity_of(fd), record);
}

}  // namespace ibuild::sandbox
