#include "layers/content_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>

#include "base/error.h"
#include "base/files.h"
#include "base/stream.h"
#include "layers/file_times.h"
#include "layers/store_error.h"

namespace ibuild::layers {

namespace {

constexpr std::string_view kAlgorithm = "sha256";

bool is_stored_kind(const base::Digest& digest) { return digest.algorithm() == kAlgorithm; }

base::RelPath blob_path(const base::Digest& digest) { return base::RelPath::exact(digest.hex()); }

std::optional<std::uint64_t> try_file_size(const base::DirFd& dir, const base::RelPath& path) {
  const auto info = base::try_lstat_at(dir, path);
  if (!info || !S_ISREG(info->st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(info->st_size);
}

base::DirFd open_blobs_dir(const base::DirFd& root) {
  const auto path = base::RelPath::exact("blobs/" + std::string(kAlgorithm));
  base::make_dirs(root, path);
  return base::open_dir_at(root, path);
}

}  // namespace

Ingest::Ingest(const base::DirFd& temp_dir, const base::DirFd& blobs_dir)
    : blobs_dir_(blobs_dir.dup()), file_(std::in_place, temp_dir) {}

Ingest::~Ingest() = default;

void Ingest::write(base::Bytes bytes) {
  if (digest_) throw std::logic_error("bytes after the digest of a blob");
  file_->write(bytes);
  hash_.update(bytes);
  size_ += bytes.size();
}

base::Digest Ingest::digest() {
  if (!digest_) digest_ = hash_.finish();
  return *digest_;
}

base::Digest Ingest::commit(const std::optional<base::Digest>& expected) {
  if (expected && !is_stored_kind(*expected)) {
    throw base::ContentError("blob " + expected->str() + ": only sha256 digests can be stored");
  }
  base::Digest digest = this->digest();
  if (expected && *expected != digest) {
    throw base::ContentError("the bytes are not those of the blob", expected->str(), digest.str());
  }
  if (try_file_size(blobs_dir_, blob_path(digest)) != size_) {
    file_->move_to(blobs_dir_, std::string(digest.hex()));
  }
  file_.reset();
  return digest;
}

ContentStore::ContentStore(const base::DirFd& root, const base::DirFd& temp_dir)
    : blobs_(open_blobs_dir(root)), temp_(temp_dir.dup()) {}

std::optional<std::uint64_t> ContentStore::try_size(const base::Digest& digest) const {
  if (!is_stored_kind(digest)) return std::nullopt;
  return try_file_size(blobs_, blob_path(digest));
}

std::optional<base::TimePoint> ContentStore::last_used(const base::Digest& digest) const {
  if (!is_stored_kind(digest)) return std::nullopt;
  const auto status = base::try_lstat_at(blobs_, blob_path(digest));
  if (!status) return std::nullopt;
  return to_time_point(status->st_mtim);
}

void ContentStore::mark_used(const base::Digest& digest) const {
  if (!is_stored_kind(digest)) return;
  const std::string name(digest.hex());
  if (::utimensat(blobs_.get(), name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT)
    throw_store_error(errno, "mark as used", blobs_.show(blob_path(digest)));
}

base::UniqueFd ContentStore::open(const base::Digest& digest) const {
  std::optional<base::UniqueFd> fd;
  if (is_stored_kind(digest)) {
    fd = base::try_open_at(blobs_, blob_path(digest), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  }
  if (!fd) throw base::Error("blob " + digest.str() + " is not in the store " + blobs_.shown_as());
  return std::move(*fd);
}

std::string ContentStore::read(const base::Digest& digest, std::uint64_t cap_bytes) const {
  const base::UniqueFd fd = open(digest);
  const std::string file = blobs_.show(blob_path(digest));
  base::FdSource source(fd.get());
  std::string bytes = base::read_all(source, cap_bytes, "read " + file);
  if (base::sha256_of(bytes) != digest) throw_damaged(digest);
  return bytes;
}

void ContentStore::check_whole(const base::Digest& digest) const {
  if (!has(digest)) return;
  const base::UniqueFd fd = open(digest);
  base::FdSource source(fd.get());
  if (base::Digest(base::sha256_of(source)) != digest) throw_damaged(digest);
}

void ContentStore::throw_damaged(const base::Digest& digest) const {
  const std::string what = "blob " + digest.str() + " in the store is damaged";
  const std::string file = blobs_.show(blob_path(digest));
  try {
    remove(digest);
  } catch (const base::SystemError& removal) {
    DamagedBlob error(what + ", and cannot be removed: " + removal.what());
    error.set_hint("remove " + file + ", then build or pull its image again");
    throw error;
  }
  DamagedBlob error(what + "; it has been removed (" + file + ")");
  error.set_hint("build or pull its image again");
  throw error;
}

std::unique_ptr<Ingest> ContentStore::begin_ingest() const {
  return std::make_unique<Ingest>(temp_, blobs_);
}

base::Digest ContentStore::put(std::string_view bytes) const {
  base::Digest digest = base::sha256_of(bytes);
  if (has_exact(digest, bytes.size())) return digest;
  const auto ingest = begin_ingest();
  ingest->write(base::as_bytes(bytes));
  return ingest->commit();
}

void ContentStore::adopt(const base::DirFd& from, const std::string& name,
                         const base::Digest& digest, std::uint64_t size_bytes) const {
  if (!is_stored_kind(digest)) {
    throw base::ContentError("blob " + digest.str() + ": only sha256 digests can be stored");
  }
  if (has_exact(digest, size_bytes)) return;
  const std::string blob(digest.hex());
  base::clear_place_of_file(blobs_, base::RelPath::exact(blob));
  if (::renameat(from.get(), name.c_str(), blobs_.get(), blob.c_str()) != 0) {
    throw_store_error(errno, "rename into", blobs_.show(blob_path(digest)));
  }
}

void ContentStore::remove(const base::Digest& digest) const {
  if (!is_stored_kind(digest)) return;
  const std::string name(digest.hex());
  if (::unlinkat(blobs_.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
    throw_store_error(errno, "remove", blobs_.show(blob_path(digest)));
  }
}

}  // namespace ibuild::layers
