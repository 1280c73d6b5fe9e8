#include "layers/temp_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "layers/store_error.h"

namespace ibuild::layers {

namespace {

/// 24 hex digits.
std::string random_name() {
  std::array<unsigned char, 12> bytes{};
  // Reads of up to 256 bytes are never cut short, see getrandom(2).
  if (::getrandom(bytes.data(), bytes.size(), 0) < 0)
    throw base::SystemError("get random bytes", "");
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string name;
  for (const unsigned char byte : bytes) {
    name += kHexDigits[byte >> 4];
    name += kHexDigits[byte & 15];
  }
  return name;
}

}  // namespace

TempFile::TempFile(const base::DirFd& dir)
    : dir_(dir.dup()),
      name_(random_name()),
      fd_(::openat(dir_.get(), name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) {
  if (!fd_) throw_store_error(errno, "create a file in", dir_.shown_as());
}

TempFile::~TempFile() {
  if (!name_.empty()) ::unlinkat(dir_.get(), name_.c_str(), 0);
}

void TempFile::write(base::Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_store_error(errno, "write to", dir_.shown_as());
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void TempFile::sync() const {
  if (::fdatasync(fd_.get()) != 0) throw_store_error(errno, "sync a file in", dir_.shown_as());
}

void TempFile::move_to(const base::DirFd& into, const std::string& name) {
  if (::renameat(dir_.get(), name_.c_str(), into.get(), name.c_str()) != 0) {
    throw_store_error(errno, "rename into", into.show(base::RelPath::exact(name)));
  }
  name_.clear();
}

}  // namespace ibuild::layers
