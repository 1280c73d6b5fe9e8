#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/fs_at.h"
#include "base/stream.h"
#include "builder/tree/file_owners.h"

namespace ibuild::builder {

/// How many first bytes of a stream looks_like_archive() wants to see.
inline constexpr std::size_t kArchiveProbeBytes = 1024;

/// Whether a stream that begins so is a tar: the header of one, or a compression that only a tar
/// can be in here (gzip, bzip2, xz, zstd). The content counts, not the name.
bool looks_like_archive(base::Bytes first_bytes);

/// What was learnt of a context while it was unpacked.
struct UnpackedContext {
  std::optional<base::TimePoint> newest;  // the time of the newest regular file
  FileOwners owners;
};

/// Unpacks a build context's tar, compressed or not, into an empty directory, as the calling user's
/// own files: modes and times are kept, owners are told, extended attributes are dropped. Nothing
/// in the archive reaches out of the directory: names and links are taken with it as the root. What
/// a context cannot hold is left out and told to `warn`: devices, and names that mean deletions in
/// an image layer. Throws: base::ContentError, base::SystemError, base::CancelledError.
UnpackedContext unpack_context(base::ByteSource& archive, const base::DirFd& into,
                               const std::function<void(const std::string&)>& warn,
                               std::stop_token stop);

/// The time of the newest regular file in a tar, compressed or not; none when there is none, and
/// when the stream is no tar after all. Throws: base::SystemError, base::CancelledError.
std::optional<base::TimePoint> newest_file_time(base::ByteSource& archive, std::stop_token stop);

}  // namespace ibuild::builder
