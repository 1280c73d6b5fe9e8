#include "base/error.h"

#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace ibuild::base {

namespace {

/// "no such file or directory": the C library's words, without their capital.
std::string describe_errno(int error_number) {
  const char* words = ::strerrordesc_np(error_number);
  if (words == nullptr) return "error number " + std::to_string(error_number);
  std::string text = words;
  const bool is_acronym = text.size() > 1 && text[1] >= 'A' && text[1] <= 'Z';
  if (!is_acronym && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

std::string system_message(int error_number, std::string_view call, std::string_view path) {
  std::string message(call);
  if (!path.empty()) message += " " + printable(path);
  return message + ": " + describe_errno(error_number);
}

std::string hint_for_open_files() {
  rlimit limit{};
  const bool known = ::getrlimit(RLIMIT_NOFILE, &limit) == 0;
  return (known ? "ibuild may have " + std::to_string(limit.rlim_cur) + " files open at once"
                : std::string("the limit for files that are open at once is too low")) +
         " (`ulimit -n`); raise the limit, to 1024 for example";
}

/// What ails the machine or this process as a whole, or what stands in a file's place; empty where
/// the call's own fault is likely.
std::string hint_for(int error_number) {
  switch (error_number) {
    case EIO:
    case EUCLEAN:
      return "the disk fails: see the kernel's log (dmesg), check its file system, and build again";
    case EMFILE:
      return hint_for_open_files();
    case ENFILE:
      return "all processes of the machine together have too many files open; raise sysctl "
             "fs.file-max";
    case EISDIR:
      return "a directory stands where a file belongs: move it away, or name another path";
    case ELOOP:
      return "a symbolic link stands where none may be, or links lead round in a circle: put there "
             "what is meant";
    case ENXIO:
      return "a socket, or a device that does not exist, stands where a file belongs: move it away";
    default:
      return {};
  }
}

}  // namespace

Error::Error(std::string message) : message_(std::move(message)) {}

const char* Error::what() const noexcept { return message_.c_str(); }

void Error::add_context(std::string_view context) {
  message_ = std::string(context) + ": " + message_;
}

SystemError::SystemError(std::string_view call, std::string_view path)
    : SystemError(errno, call, path) {}

SystemError::SystemError(int error_number, std::string_view call, std::string_view path)
    : Error(system_message(error_number, call, path)), error_number_(error_number) {
  set_hint(hint_for(error_number));
}

ContentError::ContentError(std::string message) : Error(std::move(message)) {}

ContentError::ContentError(std::string_view what, std::string_view expected,
                           std::string_view actual)
    : Error(std::string(what) + ": expected " + std::string(expected) + ", got " +
            std::string(actual)) {}

CancelledError::CancelledError() : Error("cancelled") {}

}  // namespace ibuild::base
