#pragma once

#include <cstdint>

namespace ibuild::base {

/// The number of the mount that an open file lies on, or `path` below `dir`; O_PATH will do.
/// Throws: SystemError, also ENOTSUP where the answer lacks it: before Linux 5.8, and where a
/// filter hides statx(2), which the C library then makes up without it.
std::uint64_t mount_id_of(int dir, const char* path = "");

}  // namespace ibuild::base
