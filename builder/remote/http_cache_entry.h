#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "base/unique_fd.h"
#include "layers/temp_file.h"
#include "registry/http_fetcher.h"

namespace ibuild::remote {

/// What is remembered of a file that came by HTTP.
struct HttpCacheRecord {
  base::Digest digest;
  std::uint64_t size_bytes = 0;
  std::string etag;  // as the server wrote it; may be empty
  std::optional<base::TimePoint> last_modified;
  bool operator==(const HttpCacheRecord&) const = default;
};

/// The on-disk form of a record: lines of "name value" and a checksum over them.
std::string serialize(const HttpCacheRecord& record);
/// None when the text is damaged.
std::optional<HttpCacheRecord> parse_http_cache_record(std::string_view text);

/// The folder that keeps the last version of one URL's file: "record", and the bytes under the hex
/// digits of their digest. The URL itself, which may hold secrets, is not written down: the
/// folder's name is its SHA-256. Files appear whole, and a record after its bytes. See:
/// docs/design/remote_cache_format.md.
class HttpCacheEntry {
 public:
  /// `cache` is the store's folder for files that came by HTTP. The entry's folder is made.
  HttpCacheEntry(const base::DirFd& cache, std::string_view url);

  /// To be held by who changes the entry. Waits for others, in this process too. Throws:
  /// base::CancelledError.
  [[nodiscard]] base::LockFile lock(std::stop_token stop) const;
  /// None when there is none; `damaged` is set to a message when there was one but it could not be
  /// used.
  std::optional<HttpCacheRecord> find(std::string& damaged) const;
  /// The bytes; invalid when they are not there in the record's size.
  base::UniqueFd open_body(const HttpCacheRecord& record) const;
  /// Replaces what was remembered. Requires: `body` holds the record's bytes.
  void put(const HttpCacheRecord& record, layers::TempFile& body) const;

 private:
  base::DirFd dir_;
};

}  // namespace ibuild::remote
