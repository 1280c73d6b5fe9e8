#include "builder/remote/growing_file.h"

#include <fcntl.h>

#include <limits>
#include <utility>

#include "base/error.h"

namespace ibuild::remote {

void GrowingFile::grow(int fd, std::uint64_t size_bytes) {
  {
    const std::scoped_lock lock(mutex_);
    if (!file_) file_ = base::UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!file_) throw base::SystemError("dup", "a blob in the making");
    size_bytes_ = size_bytes;
  }
  changed_.notify_all();
}

void GrowingFile::complete(const image::Descriptor& blob) {
  {
    const std::scoped_lock lock(mutex_);
    whole_ = blob;
  }
  changed_.notify_all();
}

void GrowingFile::give_up() {
  {
    const std::scoped_lock lock(mutex_);
    given_up_ = true;
  }
  changed_.notify_all();
}

registry::GrowingBlob::Extent GrowingFile::wait_for(std::uint64_t size_bytes,
                                                    std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait(lock, std::move(stop),
                                  [&] { return whole_ || given_up_ || size_bytes_ >= size_bytes; });
  if (!came) throw base::CancelledError();
  if (given_up_ && !whole_) throw base::ContentError("the blob that is being sent was given up");
  return {size_bytes_, whole_};
}

std::unique_ptr<base::ByteSource> GrowingFile::open() const {
  const std::scoped_lock lock(mutex_);
  // Who reads knows how much there is.
  constexpr auto kNoEnd = std::numeric_limits<std::int64_t>::max();
  return std::make_unique<base::FdRangeSource>(file_.get(), 0, kNoEnd);
}

}  // namespace ibuild::remote
