#include "builder/context/ignore_file.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace ibuild::builder {
namespace {

/// A directory of the name says nothing, as with BuildKit.
bool is_directory(const base::DirFd& context, const base::RelPath& path) {
  const auto fd = base::try_open_at(context, path, O_PATH, base::Links::follow_in_root);
  struct stat status {};
  return fd && ::fstat(fd->get(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

std::optional<std::string> read_context_ignore_file(const base::DirFd& context) {
  for (const char* name : {".containerignore", ".dockerignore"}) {
    const auto path = base::RelPath::exact(name);
    if (is_directory(context, path)) continue;
    auto text =
        base::try_read_file_at(context, path, kMaxIgnoreFileBytes, base::Links::follow_in_root);
    if (text) return text;
  }
  return std::nullopt;
}

}  // namespace ibuild::builder
