#include "layers/store_error.h"

#include <cerrno>
#include <utility>

#include "base/error.h"

namespace ibuild::layers {

std::string store_hint(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "free some space there, or choose another store with --root or IBUILD_ROOT";
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOTDIR:
    case ELOOP:
    case ENOENT:
      return "choose a directory that you may write to with --root or IBUILD_ROOT";
    default:
      return {};
  }
}

void throw_store_error(int error_number, std::string_view call, std::string_view path) {
  base::SystemError error(error_number, call, path);
  if (auto hint = store_hint(error_number); !hint.empty()) error.set_hint(std::move(hint));
  throw error;
}

}  // namespace ibuild::layers
