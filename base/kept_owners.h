#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/fs_at.h"

/// Whether a file system can keep the owners, modes and links of an image's files.
namespace ibuild::base {

/// The name of a file system that has no owners, modes and links, from its number (statfs(2),
/// f_type); empty for others.
std::string_view file_system_without_owners(long type);

/// For a file or directory, shown so, whose file system keeps no record of an owner
/// (base/owner_record.h). Throws: SystemError ENOTSUP, with what to do as its hint.
[[noreturn]] void throw_no_owner_record(const std::string& shown_as);

/// Before a step sets owners that would be lost in `dir`: throws where the file system has none,
/// and, where owners have to be recorded, tries that in a directory of its own.
/// Throws: Error with what to do as its hint; as throw_no_owner_record(), SystemError.
void check_keeps_owners(const DirFd& dir);

/// After a refused chmod(2) to `mode` of what is shown so. Throws: SystemError; where it is about
/// set-user-ID bits, which some filters take from whole programs, that is its hint.
[[noreturn]] void throw_mode_refused(mode_t mode, const std::string& shown_as);

/// Throws as throw_mode_refused() when no file in `dir`, a directory to try things in, can have a
/// set-user-ID bit.
void check_keeps_setuid(const DirFd& dir);

}  // namespace ibuild::base
