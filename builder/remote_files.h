#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/digest.h"
#include "base/unique_fd.h"

namespace ibuild::builder {

/// A file of a web server, wanted by ADD or as a build context.
struct RemoteFileRequest {
  std::string url;
  std::optional<base::Digest> checksum;  // what the bytes must be
  /// A total of 0: not known.
  std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)> observer = {};
};

/// Its bytes, on this machine. Owner, mode and name are the business of who asked.
struct RemoteFile {
  base::UniqueFd body;  // a regular file, to be read by position
  base::Digest digest;
  std::uint64_t size_bytes = 0;
  std::optional<base::TimePoint> last_modified;  // as the server says
};

/// Fetches files by URL. Implemented in builder/remote; fakes in tests. Thread: any.
class RemoteFiles {
 public:
  virtual ~RemoteFiles() = default;
  /// One URL gives one content for as long as this lives, however often and by whomever it is asked
  /// for. Throws: base::UsageError for no http(s) URL and for a checksum by another algorithm than
  /// sha256; base::ContentError when the bytes are not what the checksum says; base::Error when the
  /// server does not give the file; base::CancelledError.
  virtual RemoteFile fetch(const RemoteFileRequest& request, std::stop_token stop) = 0;
};

/// What ADD calls a file in a destination that is a directory: the last part of the URL's path,
/// decoded;
/// "__unnamed__" when the path has none. What a server says in Content-Disposition does not count,
/// as in BuildKit's Dockerfile front end.
std::string file_name_of_url(std::string_view url);

}  // namespace ibuild::builder
