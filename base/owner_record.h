#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Ownership where the system gives one id only: a file belongs to its maker, and what it would
/// belong to elsewhere is written beside it. See: docs/adr/0008-recorded-owners.md.
namespace ibuild::base {

/// What a file counts as, whatever lstat(2) says.
struct OwnerRecord {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  /// S_IFCHR or S_IFBLK for an empty file that stands for a device; 0 for all else.
  std::uint32_t device_type = 0;
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  bool operator==(const OwnerRecord&) const = default;
};

/// Where the record of a regular file or directory is kept.
inline constexpr const char* kOwnerXattr = "user.ibuild.owner";
/// "<uid>:<gid>", for a device followed by ":c:<major>:<minor>" or ":b:…".
std::string format_owner_record(const OwnerRecord& record);
/// None for what is no such text.
std::optional<OwnerRecord> parse_owner_record(std::string_view text);

/// The record of an open file, which may be open by O_PATH; none when there is none, or the file is
/// of a kind that can have none. Throws: SystemError.
std::optional<OwnerRecord> read_owner_record(int fd);
/// That of `name` in an open directory; links are not followed.
std::optional<OwnerRecord> read_owner_record_at(int dir_fd, const std::string& name);
/// Gives an open regular file or directory a record; O_PATH will do. False when the file or its
/// file system can have none. Throws: SystemError.
bool write_owner_record(int fd, const OwnerRecord& record);
/// That of `name` in an open directory; links are not followed.
bool write_owner_record_at(int dir_fd, const std::string& name, const OwnerRecord& record);

/// Whether owners have to be recorded here: this process is in a user namespace with a single user
/// or a single group. Reads /proc.
bool must_record_owners();

/// Makes an open regular file or directory belong to a user and a group: by fchown(2), or by a
/// record where owners have to be recorded. Throws: SystemError; EINVAL when the user namespace has
/// no such id, ENOTSUP when the file system takes no record.
void give_file(int fd, std::uint32_t uid, std::uint32_t gid);

/// Tells a file among those of a mount, also from one that has got its number after it.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t born_ns = 0;  // 0: not known, matches any
  bool operator==(const FileIdentity&) const = default;
};
/// Of an open file, or of `name` in an open directory (links are not followed).
/// Throws: SystemError.
FileIdentity identity_of(int dir_fd, const char* name = "");

/// An owner of a file that can have no extended attribute: a link, fifo, socket.
struct SpecialOwner {
  FileIdentity file;
  OwnerRecord record;
  bool operator==(const SpecialOwner&) const = default;
};

/// Records of such files. Thread: none of its own.
class SpecialOwners {
 public:
  SpecialOwners() = default;
  explicit SpecialOwners(const std::vector<SpecialOwner>& list);
  void set(const FileIdentity& file, const OwnerRecord& record);
  std::optional<OwnerRecord> find(const FileIdentity& file) const;
  /// Whether this very file was set, its time of birth included.
  bool has_exactly(const FileIdentity& file) const;
  bool empty() const { return records_.empty(); }
  std::size_t size() const { return records_.size(); }
  std::vector<SpecialOwner> list() const;

 private:
  struct Entry {
    std::uint64_t born_ns = 0;
    OwnerRecord record;
  };
  std::map<std::pair<std::uint64_t, std::uint64_t>, Entry> records_;  // by device and inode
};

}  // namespace ibuild::base
