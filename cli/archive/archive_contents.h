#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "base/digest.h"
#include "base/rel_path.h"
#include "base/stream.h"
#include "layers/content_store.h"

namespace ibuild::cli {

/// What an image archive (a tar of an OCI layout, or of `docker save`) holds, its blobs in the
/// content store already.
struct ArchiveContents {
  struct Blob {
    base::Digest digest;
    std::uint64_t size_bytes = 0;
  };
  std::map<std::string, Blob> blobs;         // by path in the archive, links resolved
  std::optional<std::string> index_json;     // of an OCI layout
  std::optional<std::string> manifest_json;  // of docker save
};

/// Reads an archive, gzip or zstd or plain, in one pass: each file becomes a blob as it streams by;
/// one that is named by a digest (blobs/sha256/…) is checked against it. Nothing in the archive
/// decides where anything is written. Throws: ContentError for what is no such archive or does not
/// match, CancelledError.
ArchiveContents read_archive(base::ByteSource& in, const layers::ContentStore& content,
                             std::stop_token stop);

/// More files than that in one archive are refused.
inline constexpr std::size_t kMaxArchiveFiles = 100000;

}  // namespace ibuild::cli
