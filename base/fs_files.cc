// Whole files, extended attributes and host paths.
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/stream.h"

namespace ibuild::base {

namespace {

// O_NONBLOCK: opening a FIFO must not wait for somebody to write to it.
constexpr int kReadFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

std::string read_regular_file(int fd, std::uint64_t cap_bytes, const std::string& shown_as) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw SystemError("stat", shown_as);
  if (!S_ISREG(info.st_mode)) {
    ContentError error("read " + shown_as + ": not a regular file");
    error.set_hint("move away what stands there, or put a file in its place");
    throw error;
  }
  FdSource source(fd);
  return read_all(source, cap_bytes, "read " + shown_as);
}

/// Calls an xattr function with a buffer that the kernel's limit (XATTR_SIZE_MAX, XATTR_LIST_MAX)
/// cannot exceed.
template <typename Call>
std::optional<std::string_view> call_with_buffer(std::string& buffer, Call call) {
  buffer.resize(64 << 10);
  const ssize_t size = call(buffer.data(), buffer.size());
  if (size < 0) return std::nullopt;
  return std::string_view(buffer.data(), static_cast<std::size_t>(size));
}

}  // namespace

std::string read_file_at(const DirFd& dir, const RelPath& path, std::uint64_t cap_bytes,
                         Links links) {
  const UniqueFd fd = open_at(dir, path, kReadFlags, 0, links);
  return read_regular_file(fd.get(), cap_bytes, dir.show(path));
}

std::optional<std::string> try_read_file_at(const DirFd& dir, const RelPath& path,
                                            std::uint64_t cap_bytes, Links links) {
  const auto fd = try_open_at(dir, path, kReadFlags, links);
  if (!fd) return std::nullopt;
  return read_regular_file(fd->get(), cap_bytes, dir.show(path));
}

std::vector<Xattr> list_xattrs(int fd, std::string_view shown_as) {
  std::string names_buffer;
  const auto names = call_with_buffer(
      names_buffer, [&](char* data, std::size_t size) { return ::flistxattr(fd, data, size); });
  if (!names) {
    if (errno == ENOTSUP || errno == ENOSYS) return {};
    throw SystemError("list attributes", shown_as);
  }
  std::vector<Xattr> attributes;
  std::string value_buffer;
  for (std::size_t at = 0; at < names->size();) {
    const std::string name(names->data() + at);
    at += name.size() + 1;
    const auto value = call_with_buffer(value_buffer, [&](char* data, std::size_t size) {
      return ::fgetxattr(fd, name.c_str(), data, size);
    });
    if (value) {
      attributes.push_back({name, std::string(*value)});
    } else if (errno != ENODATA) {  // ENODATA: removed since it was listed
      throw SystemError("read attribute " + name, shown_as);
    }
  }
  std::sort(attributes.begin(), attributes.end());
  return attributes;
}

std::string read_host_file(const std::string& path, std::uint64_t cap_bytes) {
  const UniqueFd fd(::open(path.c_str(), kReadFlags));
  if (!fd) throw SystemError("open", path);
  return read_regular_file(fd.get(), cap_bytes, path);
}

std::optional<std::string> try_read_host_file(const std::string& path, std::uint64_t cap_bytes) {
  const UniqueFd fd(::open(path.c_str(), kReadFlags));
  if (!fd && (errno == ENOENT || errno == ENOTDIR || errno == ESRCH)) return std::nullopt;
  if (!fd) throw SystemError("open", path);
  try {
    return read_regular_file(fd.get(), cap_bytes, path);
  } catch (const SystemError& error) {
    if (error.error_number() == ESRCH) return std::nullopt;
    throw;
  }
}

void make_host_dirs(const std::string& path, mode_t mode) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), mode) == 0) continue;
    const int error_number = errno;
    struct stat info {};
    // EROFS and the like are no matter where the directory is there already.
    const bool exists = ::stat(part.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    if (!exists) throw SystemError(error_number, "make directory", part);
  }
}

}  // namespace ibuild::base
