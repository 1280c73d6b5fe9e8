#include "cli/store_session.h"

namespace ibuild::cli {

namespace {

base::RelPath lock_name() { return base::RelPath::exact("blobs-in-use"); }

}  // namespace

StoreSession::StoreSession(const std::string& path, std::size_t threads)
    : pool_(threads),
      store_(layers::Store::open(path, pool_)),
      lock_(base::LockFile::acquire(store_->locks(), lock_name(), base::LockFile::Mode::shared)) {}

bool StoreSession::try_exclusive() {
  // Another descriptor of the same file is another owner for flock(2): ours has to go first.
  lock_.reset();
  auto exclusive =
      base::LockFile::try_acquire(store_->locks(), lock_name(), base::LockFile::Mode::exclusive);
  const bool got_it = exclusive.has_value();
  if (got_it) {
    lock_.emplace(std::move(*exclusive));
  } else {
    lock_.emplace(
        base::LockFile::acquire(store_->locks(), lock_name(), base::LockFile::Mode::shared));
  }
  return got_it;
}

}  // namespace ibuild::cli
