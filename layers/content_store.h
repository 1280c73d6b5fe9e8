#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/digest.h"
#include "base/digest_sink.h"
#include "base/error.h"
#include "base/fs_at.h"
#include "base/stream.h"
#include "base/unique_fd.h"
#include "layers/temp_file.h"

namespace ibuild::layers {

/// A blob of the store had other bytes than its digest says. It counts as missing from now on.
class DamagedBlob : public base::ContentError {
 public:
  using base::ContentError::ContentError;
};

/// A blob on its way into the store. Bytes are hashed as they come; nothing is visible before
/// commit(). The destructor throws an uncommitted ingest away.
class Ingest : public base::DigestSink {
 public:
  /// `blobs_dir` is blobs/sha256/; `temp_dir` lies on the same file system.
  Ingest(const base::DirFd& temp_dir, const base::DirFd& blobs_dir);
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;
  ~Ingest() override;

  void write(base::Bytes bytes) override;
  base::Digest digest() override;
  std::uint64_t size_bytes() const { return size_; }
  /// The file of the bytes so far: what has been written may be read from it with pread(2), also
  /// by another thread. Until commit().
  int fd() const { return file_->fd(); }
  /// Makes the blob visible under its digest; gives that digest. A blob of the same size that is
  /// already there is left as it is. Only once. Throws: ContentError when `expected` is given and
  /// differs.
  base::Digest commit(const std::optional<base::Digest>& expected = std::nullopt);

 private:
  base::DirFd blobs_dir_;
  std::optional<TempFile> file_;  // none after commit()
  base::Sha256 hash_;
  std::optional<base::Digest> digest_;  // once asked for
  std::uint64_t size_ = 0;
};

/// blobs/sha256/ of the store: immutable bytes by digest. Safe for several threads and processes.
/// Digests of another algorithm name nothing here: never found, and refused where they are
/// promised. See: image-spec/image-layout.md.
class ContentStore {
 public:
  /// `root` is the OCI layout's directory; `temp_dir` lies on the same file system.
  ContentStore(const base::DirFd& root, const base::DirFd& temp_dir);

  /// Size of the blob; none when it is not there.
  std::optional<std::uint64_t> try_size(const base::Digest& digest) const;
  bool has(const base::Digest& digest) const { return try_size(digest).has_value(); }
  /// True when the blob is there in this size. A blob of another size was cut off by a crash of the
  /// machine: it counts as missing, and an ingest replaces it.
  bool has_exact(const base::Digest& digest, std::uint64_t size_bytes) const {
    return try_size(digest) == size_bytes;
  }
  /// When the blob was put there, or last marked as used; none when it is not there.
  std::optional<base::TimePoint> last_used(const base::Digest& digest) const;
  /// Marks a blob as used now; nothing there is no error.
  void mark_used(const base::Digest& digest) const;
  /// For reading. Throws: Error when it is not there.
  base::UniqueFd open(const base::Digest& digest) const;
  /// A small blob (manifest, config), checked against its digest. Throws: DamagedBlob, ContentError
  /// when it is above the cap.
  std::string read(const base::Digest& digest, std::uint64_t cap_bytes = 16 << 20) const;
  std::unique_ptr<Ingest> begin_ingest() const;
  base::Digest put(std::string_view bytes) const;
  /// Moves a finished file `from`/`name` in under its digest; what is there already in that size is
  /// left as it is, and the file as well.
  /// Requires: the caller has computed `digest` and `size_bytes`; the same file system.
  void adopt(const base::DirFd& from, const std::string& name, const base::Digest& digest,
             std::uint64_t size_bytes) const;
  /// Reads a blob that something went wrong with: throws DamagedBlob, and removes it, when its
  /// bytes are not those of its digest. Nothing there is no error. Blocks: it may be large.
  void check_whole(const base::Digest& digest) const;
  /// For who read a blob and found other bytes: removes it, so that it is made or fetched anew.
  /// Throws: DamagedBlob, always.
  [[noreturn]] void throw_damaged(const base::Digest& digest) const;
  /// Removes a blob; nothing there is no error.
  void remove(const base::Digest& digest) const;

 private:
  base::DirFd blobs_;
  base::DirFd temp_;
};

}  // namespace ibuild::layers
