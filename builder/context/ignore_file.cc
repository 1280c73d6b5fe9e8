#include "builder/context/ignore_file.h"

namespace ibuild::builder {

std::optional<std::string> read_context_ignore_file(const base::DirFd& context) {
  for (const char* name : {".containerignore", ".dockerignore"}) {
    auto text = base::try_read_file_at(context, base::RelPath::exact(name), kMaxIgnoreFileBytes,
                                       base::Links::follow_in_root);
    if (text) return text;
  }
  return std::nullopt;
}

}  // namespace ibuild::builder
