#include "layers/temp_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/files.h"
#include "layers/random_name.h"
#include "layers/store_error.h"

namespace ibuild::layers {

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
  base::clear_place_of_file(into, base::RelPath::exact(name));
  if (::renameat(dir_.get(), name_.c_str(), into.get(), name.c_str()) != 0) {
    throw_store_error(errno, "rename into", into.show(base::RelPath::exact(name)));
  }
  name_.clear();
}

std::string TempFile::keep() { return std::exchange(name_, {}); }

}  // namespace ibuild::layers
