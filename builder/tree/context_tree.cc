#include "builder/tree/context_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/tree/verifying_source.h"
#include "layers/file_times.h"

namespace ibuild::builder {
namespace {

/// Less than this is hashed by the caller itself: handing it out would cost more.
constexpr std::size_t kInlineFiles = 16;
constexpr std::uint64_t kInlineBytes = 1 << 20;

std::optional<layers::EntryType> entry_type(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFSOCK:  // becomes an empty file, as BuildKit's clients send it
      return layers::EntryType::file;
    case S_IFDIR:
      return layers::EntryType::directory;
    case S_IFLNK:
      return layers::EntryType::symlink;
    case S_IFCHR:
      return layers::EntryType::char_device;
    case S_IFBLK:
      return layers::EntryType::block_device;
    case S_IFIFO:
      return layers::EntryType::fifo;
    default:
      return std::nullopt;
  }
}

void take_file_status(SourceFile& file, const struct stat& status) {
  file.entry.mode = status.st_mode & 07777;
  file.entry.size_bytes = static_cast<std::uint64_t>(status.st_size);
  file.entry.mtime = layers::to_time_point(status.st_mtim);
  file.identity = FileIdentity::of(status);
  if (status.st_nlink > 1) file.link = LinkKey{status.st_dev, status.st_ino};
}

void take_socket_status(SourceFile& file, const struct stat& status) {
  file.entry.mode = status.st_mode & 07777;
  file.entry.mtime = layers::to_time_point(status.st_mtim);
  file.entry.content = base::sha256_of("");
}

struct stat status_of(int fd, const std::string& shown_as) {
  struct stat status {};
  if (fstat(fd, &status) != 0) throw base::SystemError("fstat", shown_as);
  return status;
}

/// The file capability; empty when there is none or it cannot be read.
std::string read_capability(int fd) {
  std::array<char, kMaxCapabilityBytes> value;
  const auto size = fgetxattr(fd, "security.capability", value.data(), value.size());
  return size > 0 ? std::string(value.data(), static_cast<std::size_t>(size)) : std::string();
}

/// The digest of `size_bytes` bytes, or of fewer where the file ends before. Most files are small:
/// what is done once for each counts.
base::Digest hash_content(int fd, std::uint64_t size_bytes, std::stop_token stop) {
  base::Sha256 hash;
  base::FdSource source(fd);
  std::array<std::byte, 64 << 10> buffer;  // not filled with zeros
  while (size_bytes > 0) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes, buffer.size()));
    const std::size_t count = source.read(std::span(buffer).first(wanted));
    if (count == 0) break;
    if (stop.stop_requested()) throw base::CancelledError();
    hash.update(base::Bytes(buffer.data(), count));
    size_bytes -= count;
  }
  return hash.finish();
}

void take_owner(SourceFile& file, const FileOwners& owners) {
  const auto found = owners.find(file.path().str());
  if (found == owners.end()) return;
  file.entry.uid = found->second.uid;
  file.entry.gid = found->second.gid;
}

void take_facts(SourceFile& file, const FileFacts& facts) {
  file.entry.content = facts.content;
  file.entry.xattrs.clear();
  if (!facts.capability.empty())
    file.entry.xattrs.push_back({"security.capability", facts.capability});
}

}  // namespace

ContextTree::ContextTree(base::DirFd root, parser::IgnoreMatcher ignore, const Parts& parts)
    : root_(std::move(root)),
      ignore_(std::move(ignore)),
      digests_(parts.digests),
      pool_(parts.pool),
      clock_(parts.clock),
      shown_as_(parts.shown_as),
      owners_(parts.owners) {}

const ContextTree::Verdict* ContextTree::verdict_of(const base::RelPath& directory) const {
  if (ignore_.empty() || directory.is_root()) return nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = verdicts_.find(directory); known != verdicts_.end())
      return known->second.get();
  }
  auto verdict = ignore_.match_with_parent(directory.str(), verdict_of(directory.parent()));
  const std::lock_guard lock(mutex_);
  auto& slot = verdicts_[directory];
  if (!slot) slot = std::make_unique<Verdict>(std::move(verdict));
  return slot.get();
}

bool ContextTree::has_visible_child(const base::RelPath& directory) const {
  const base::DirFd dir = base::open_dir_at(root_, directory);
  const Verdict* verdict = verdict_of(directory);
  for (const auto& entry : base::list_dir(dir)) {
    const auto status = base::try_lstat_at(dir, base::RelPath::exact(entry.name));
    if (status && is_visible(directory.child(entry.name), *status, verdict)) return true;
  }
  return false;
}

bool ContextTree::is_visible(const base::RelPath& path, const struct stat& status,
                             const Verdict* parent) const {
  if (ignore_.empty() || path.is_root()) return true;
  const bool is_directory = S_ISDIR(status.st_mode);
  const bool excluded = is_directory ? verdict_of(path)->excluded
                                     : ignore_.match_with_parent(path.str(), parent).excluded;
  if (!excluded) return true;
  // An excluded directory is there when something in it is.
  return is_directory && !ignore_.can_prune(path.str()) && has_visible_child(path);
}

std::optional<SourceFile> ContextTree::make_file(const base::DirFd& dir, const base::RelPath& name,
                                                 const base::RelPath& path,
                                                 const struct stat& status) const {
  const auto type = entry_type(status.st_mode);
  if (!type) return std::nullopt;
  SourceFile file;
  file.entry.path = path;
  file.entry.type = *type;
  if (owners_ != nullptr) take_owner(file, *owners_);
  if (S_ISSOCK(status.st_mode)) {
    take_socket_status(file, status);
    return file;
  }
  if (*type == layers::EntryType::file) {
    take_file_status(file, status);
    return file;
  }
  file.entry.mode = *type == layers::EntryType::symlink ? 0777 : status.st_mode & 07777;
  file.entry.mtime = layers::to_time_point(status.st_mtim);
  if (*type == layers::EntryType::symlink) file.entry.link_target = base::read_link_at(dir, name);
  if (*type == layers::EntryType::char_device || *type == layers::EntryType::block_device) {
    file.entry.device_major = major(status.st_rdev);
    file.entry.device_minor = minor(status.st_rdev);
  }
  return file;
}

std::optional<SourceFile> ContextTree::lookup(const base::RelPath& path) const {
  const auto status = base::try_lstat_at(root_, path);
  if (!status || !is_visible(path, *status, verdict_of(path.parent()))) return std::nullopt;
  auto file = make_file(root_, path, path, *status);
  // The directory that holds the context is no part of it: BuildKit has its files in one of its
  // own.
  constexpr std::uint32_t kRootMode = 0755;
  if (file && path.is_root()) file->entry.mode = kRootMode;
  return file;
}

bool ContextTree::hides(const base::RelPath& path) const {
  try {
    const auto status = base::try_lstat_at(root_, path);
    return status && !is_visible(path, *status, verdict_of(path.parent()));
  } catch (const base::SystemError&) {
    return false;  // a link on the way: nothing to say about it
  }
}

std::vector<SourceFile> ContextTree::children(const base::RelPath& directory) const {
  const base::DirFd dir = base::open_dir_at(root_, directory);
  const Verdict* verdict = verdict_of(directory);
  std::vector<SourceFile> files;
  for (const auto& entry : base::list_dir(dir)) {
    const auto name = base::RelPath::exact(entry.name);
    const auto status = base::try_lstat_at(dir, name);
    if (!status) continue;  // gone since the listing
    const auto path = directory.child(entry.name);
    if (!is_visible(path, *status, verdict)) continue;
    if (auto file = make_file(dir, name, path, *status)) files.push_back(std::move(*file));
  }
  return files;
}

SourceTree::Listing ContextTree::list_soon(const base::RelPath& directory) const {
  return pool_.submit([this, directory] { return children(directory); });
}

void ContextTree::read_facts(SourceFile& file, std::stop_token stop) const {
  const std::string shown_as = base::printable(root_.show(file.path()));
  constexpr int kAttempts = 3;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto read_at = clock_.now();
    const base::UniqueFd fd = base::open_at(root_, file.path(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const struct stat before = status_of(fd.get(), shown_as);
    if (!S_ISREG(before.st_mode)) break;
    take_file_status(file, before);
    const FileFacts facts{hash_content(fd.get(), file.entry.size_bytes, stop),
                          read_capability(fd.get())};
    const struct stat after = status_of(fd.get(), shown_as);
    if (FileIdentity::of(after) == *file.identity) {
      take_facts(file, facts);
      digests_.remember(*file.identity, facts, read_at);  // also when another fails
      return;
    }
    // A file that is written all the time, as a log: what it began with. That it only grew is seen
    // when it is read once more.
    if (attempt + 1 == kAttempts && after.st_size > before.st_size) return take_facts(file, facts);
  }
  base::Error error(shown_as + " changes while the build reads it");
  error.set_hint("build again when nothing writes into the build context");
  throw error;
}

void ContextTree::digest_files(std::span<SourceFile*> files, std::stop_token stop) const {
  std::vector<SourceFile*> unknown;
  std::uint64_t bytes = 0;
  for (SourceFile* file : files) {
    if (!file->is_file() || file->entry.content) continue;
    if (const auto facts = digests_.find(*file->identity)) {
      take_facts(*file, *facts);
    } else {
      unknown.push_back(file);
      bytes += file->entry.size_bytes;
    }
  }
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(1); i < unknown.size(); i = next.fetch_add(1)) {
      if (stop.stop_requested()) throw base::CancelledError();
      read_facts(*unknown[i], stop);
    }
  };
  if (unknown.size() <= kInlineFiles && bytes <= kInlineBytes) return work();
  std::vector<std::future<void>> workers;
  for (std::size_t i = 0; i < std::min(pool_.size(), unknown.size()); ++i)
    workers.push_back(pool_.submit(work));
  for (auto& worker : workers) worker.wait();  // all of them: they refer to what lives here
  for (auto& worker : workers) worker.get();
}

std::unique_ptr<base::ByteSource> ContextTree::open(const SourceFile& file) const {
  if (file.entry.size_bytes == 0) return std::make_unique<base::StringSource>("");  // or a socket
  base::UniqueFd fd = base::open_at(root_, file.path(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  return std::make_unique<VerifyingSource>(
      std::move(fd), VerifyingSource::Expectation{file.entry.content.value(), file.entry.size_bytes,
                                                  base::printable(root_.show(file.path()))});
}

}  // namespace ibuild::builder
