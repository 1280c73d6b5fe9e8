#include "builder/real_path.h"

#include <limits.h>
#include <unistd.h>

#include <array>

#include "base/error.h"

namespace ibuild::builder {

std::string real_path(const base::DirFd& dir) {
  const std::string link = "/proc/self/fd/" + std::to_string(dir.get());
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (size < 0) throw base::SystemError("find the path of", dir.shown_as());
  return {buffer.data(), static_cast<std::size_t>(size)};
}

}  // namespace ibuild::builder
