#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rel_path.h"
#include "base/unique_fd.h"

/// File-system access relative to directory descriptors. Nothing here follows a link that leads
/// outside the directory given. See: openat2(2). Where the kernel refuses openat2 (old seccomp
/// filters), the same walk is done component by component.
namespace ibuild::base {

/// An open directory and the name it is shown under in errors.
class DirFd {
 public:
  DirFd() = default;
  DirFd(UniqueFd fd, std::string shown_as) : fd_(std::move(fd)), shown_as_(std::move(shown_as)) {}
  /// Opens a host path (O_RDONLY|O_DIRECTORY). Throws: SystemError.
  static DirFd open(const std::string& host_path);

  int get() const { return fd_.get(); }
  bool valid() const { return fd_.valid(); }
  const std::string& shown_as() const { return shown_as_; }
  /// The host path shown for `path` below this directory, for messages only.
  std::string show(const RelPath& path) const;
  DirFd dup() const;

 private:
  UniqueFd fd_;
  std::string shown_as_;
};

enum class Links { refuse, follow_in_root };

/// openat(2) of `path` below `dir`. `refuse`: a link in any component fails with ELOOP.
/// `follow_in_root`: links are followed with `dir` as "/" (RESOLVE_IN_ROOT). O_CLOEXEC is added.
/// Throws: SystemError.
UniqueFd open_at(const DirFd& dir, const RelPath& path, int flags, mode_t mode = 0,
                 Links links = Links::refuse);
/// As open_at; no value when nothing is there (ENOENT, ENOTDIR).
std::optional<UniqueFd> try_open_at(const DirFd& dir, const RelPath& path, int flags,
                                    Links links = Links::refuse);
DirFd open_dir_at(const DirFd& dir, const RelPath& path, Links links = Links::refuse);

/// lstat; no value when nothing is there.
std::optional<struct stat> try_lstat_at(const DirFd& dir, const RelPath& path);
struct stat lstat_at(const DirFd& dir, const RelPath& path);
std::string read_link_at(const DirFd& dir, const RelPath& path);

struct DirEntry {
  std::string name;
  unsigned char type;  // DT_…; DT_UNKNOWN where the file system does not say
  std::uint64_t inode;
};
/// All entries but "." and "..", sorted by name bytes.
std::vector<DirEntry> list_dir(const DirFd& dir, const RelPath& path = {});

/// Creates `path` and its missing parents (`mode` less the umask). Existing directories are left as
/// they are.
void make_dirs(const DirFd& dir, const RelPath& path, mode_t mode = 0755);
/// Removes a file or a whole tree, without following links; nothing there is no error. Makes
/// unreadable directories readable on its way. Bounded in open descriptors, whatever the depth. Of
/// the root itself only the content goes.
void remove_tree(const DirFd& dir, const RelPath& path);

/// Whole file. Throws ContentError above `cap_bytes`, SystemError else. Refuses what is not a
/// regular file.
std::string read_file_at(const DirFd& dir, const RelPath& path, std::uint64_t cap_bytes,
                         Links links = Links::refuse);
std::optional<std::string> try_read_file_at(const DirFd& dir, const RelPath& path,
                                            std::uint64_t cap_bytes, Links links = Links::refuse);

struct Xattr {
  std::string name;
  std::string value;
  auto operator<=>(const Xattr&) const = default;
};
/// Extended attributes of an open file (not O_PATH), sorted by name; empty where unsupported.
std::vector<Xattr> list_xattrs(int fd, std::string_view shown_as);

// Host paths, as a user names them. try_: none, too, where the file's process ended (proc(5)).
std::string read_host_file(const std::string& path, std::uint64_t cap_bytes);
std::optional<std::string> try_read_host_file(const std::string& path, std::uint64_t cap_bytes);
void make_host_dirs(const std::string& path, mode_t mode = 0755);

}  // namespace ibuild::base
