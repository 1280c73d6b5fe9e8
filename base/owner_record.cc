// See: xattr(7): user attributes are for regular files and directories alone.
#include "base/owner_record.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <limits>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"

namespace ibuild::base {

namespace {

constexpr std::uint64_t kMapCapBytes = 64 << 10;
constexpr std::uint64_t kNanosecondsPerSecond = 1000000000;

std::optional<std::uint32_t> parse_u32(std::string_view text) {
  const auto number = parse_u64(text);
  if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

/// The calls by descriptor refuse O_PATH.
std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

bool means_none(int error) { return error == ENODATA || error == ENOTSUP || error == EPERM; }

/// The ids that the lines of a map give, added up.
std::uint64_t mapped_ids(const char* file) {
  std::uint64_t count = 0;
  const std::string map = try_read_host_file(file, kMapCapBytes).value_or("");
  for (std::string_view line : split(map, '\n')) {
    const std::size_t last = line.find_last_of(' ');
    if (last != std::string_view::npos) count += parse_u64(line.substr(last + 1)).value_or(0);
  }
  return count;
}

}  // namespace

std::string format_owner_record(const OwnerRecord& record) {
  std::string text = std::to_string(record.uid) + ":" + std::to_string(record.gid);
  if (record.device_type == 0) return text;
  return text + (record.device_type == S_IFCHR ? ":c:" : ":b:") +
         std::to_string(record.device_major) + ":" + std::to_string(record.device_minor);
}

std::optional<OwnerRecord> parse_owner_record(std::string_view text) {
  const auto fields = split(text, ':');
  if (fields.size() != 2 && fields.size() != 5) return std::nullopt;
  const auto uid = parse_u32(fields[0]);
  const auto gid = parse_u32(fields[1]);
  if (!uid || !gid) return std::nullopt;
  OwnerRecord record{.uid = *uid, .gid = *gid};
  if (fields.size() == 2) return record;
  const auto major = parse_u32(fields[3]);
  const auto minor = parse_u32(fields[4]);
  if (!major || !minor || (fields[2] != "c" && fields[2] != "b")) return std::nullopt;
  record.device_type = fields[2] == "c" ? S_IFCHR : S_IFBLK;
  record.device_major = *major;
  record.device_minor = *minor;
  return record;
}

namespace {

using GetXattr = decltype(::getxattr);
using SetXattr = decltype(::setxattr);

std::optional<OwnerRecord> read_record(GetXattr* get, const std::string& path) {
  std::array<char, 128> value{};
  const ssize_t size = get(path.c_str(), kOwnerXattr, value.data(), value.size());
  if (size >= 0) return parse_owner_record({value.data(), static_cast<std::size_t>(size)});
  if (means_none(errno) || errno == ERANGE) return std::nullopt;
  throw SystemError("read " + std::string(kOwnerXattr) + " of", path);
}

bool write_record(SetXattr* set, const std::string& path, const OwnerRecord& record) {
  const std::string text = format_owner_record(record);
  if (set(path.c_str(), kOwnerXattr, text.data(), text.size(), 0) == 0) return true;
  if (errno == ENOTSUP || errno == EPERM) return false;
  throw SystemError("set " + std::string(kOwnerXattr) + " of", path);
}

}  // namespace

std::optional<OwnerRecord> read_owner_record(int fd) {
  return read_record(::getxattr, path_of(fd));
}

std::optional<OwnerRecord> read_owner_record_at(int dir_fd, const std::string& name) {
  return read_record(::lgetxattr, path_of(dir_fd) + "/" + name);
}

bool write_owner_record(int fd, const OwnerRecord& record) {
  return write_record(::setxattr, path_of(fd), record);
}

bool write_owner_record_at(int dir_fd, const std::string& name, const OwnerRecord& record) {
  return write_record(::lsetxattr, path_of(dir_fd) + "/" + name, record);
}

bool must_record_owners() {
  return mapped_ids("/proc/self/uid_map") == 1 || mapped_ids("/proc/self/gid_map") == 1;
}

void give_file(int fd, std::uint32_t uid, std::uint32_t gid) {
  if (!must_record_owners()) {
    if (::fchown(fd, uid, gid) != 0) throw SystemError("chown", path_of(fd));
    return;
  }
  const OwnerRecord record{.uid = uid, .gid = gid};
  // No record means root's.
  if (!read_owner_record(fd) && record == OwnerRecord{}) return;
  if (!write_owner_record(fd, record))
    throw SystemError(ENOTSUP, "record the owner of", path_of(fd));
}

FileIdentity identity_of(int dir_fd, const char* name) {
  struct statx info {};
  constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
  if (::statx(dir_fd, name, kFlags, STATX_INO | STATX_BTIME, &info) != 0) {
    throw SystemError("stat", name);
  }
  FileIdentity identity;
  identity.device = std::uint64_t{info.stx_dev_major} << 32 | info.stx_dev_minor;
  identity.inode = info.stx_ino;
  if ((info.stx_mask & STATX_BTIME) != 0) {
    identity.born_ns = static_cast<std::uint64_t>(info.stx_btime.tv_sec) * kNanosecondsPerSecond +
                       info.stx_btime.tv_nsec;
  }
  return identity;
}

SpecialOwners::SpecialOwners(const std::vector<SpecialOwner>& list) {
  for (const SpecialOwner& owner : list) set(owner.file, owner.record);
}

void SpecialOwners::set(const FileIdentity& file, const OwnerRecord& record) {
  records_[{file.device, file.inode}] = {file.born_ns, record};
}

std::optional<OwnerRecord> SpecialOwners::find(const FileIdentity& file) const {
  const auto found = records_.find({file.device, file.inode});
  if (found == records_.end()) return std::nullopt;
  const Entry& entry = found->second;
  const bool same = entry.born_ns == 0 || file.born_ns == 0 || entry.born_ns == file.born_ns;
  return same ? std::optional(entry.record) : std::nullopt;
}

bool SpecialOwners::has_exactly(const FileIdentity& file) const {
  const auto found = records_.find({file.device, file.inode});
  return found != records_.end() && file.born_ns != 0 && found->second.born_ns == file.born_ns;
}

std::vector<SpecialOwner> SpecialOwners::list() const {
  std::vector<SpecialOwner> list;
  for (const auto& [key, entry] : records_) {
    list.push_back({{key.first, key.second, entry.born_ns}, entry.record});
  }
  return list;
}

}  // namespace ibuild::base
