#include "layers/owner_records.h"

#include <cerrno>

#include "base/error.h"
#include "base/files.h"
#include "base/owner_record.h"

namespace ibuild::layers {

void throw_no_owner_record(const std::string& shown_as) {
  base::SystemError error(ENOTSUP, "record the owner of", shown_as);
  error.set_hint(
      "the file system of the store takes no user.* attributes: grant the user ids in /etc/subuid "
      "and /etc/subgid, or use another place (--root)");
  throw error;
}

void check_owner_records(const base::DirFd& dir) {
  if (!base::must_record_owners()) return;
  const base::TempDir trial(dir, "owner-");
  if (!base::write_owner_record(trial.dir().get(), {}))
    throw_no_owner_record("files in " + dir.shown_as());
}

}  // namespace ibuild::layers
