#pragma once

#include <string>

#include "base/fs_at.h"

namespace ibuild::layers {

/// For a file or directory, shown so, whose file system keeps no record of an owner
/// (base/owner_record.h). Throws: SystemError ENOTSUP, with what to do as its hint.
[[noreturn]] void throw_no_owner_record(const std::string& shown_as);

/// Where owners have to be recorded: tries it in a directory of its own below `dir`, before a step
/// sets owners that would be lost. Throws: as throw_no_owner_record(), SystemError.
void check_owner_records(const base::DirFd& dir);

}  // namespace ibuild::layers
