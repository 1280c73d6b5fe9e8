#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "base/files.h"
#include "base/fs_at.h"
#include "builder/ops/copy_selection.h"
#include "builder/plan/op.h"
#include "layers/store.h"

namespace ibuild::builder {

/// The directory of one RUN --mount=type=cache while a step uses it. `shared` steps use one
/// directory side by side, `locked` ones one after the other, a `private` one gets a directory that
/// nobody else uses. Kept in the store between builds, never part of a layer.
class CacheMount {
 public:
  /// What a new directory begins with. A cache of another base is another directory.
  struct Base {
    const SelectedSource& content;  // a directory
    std::string name;               // tells it from others
  };
  /// Without a base it begins empty. Waits for a locked one. Throws: SystemError, CancelledError.
  static CacheMount open(const layers::Store& store, const RunMount& mount,
                         const std::optional<Base>& base, std::stop_token stop);
  const base::DirFd& dir() const { return dir_; }

 private:
  CacheMount(base::LockFile lock, base::DirFd dir) : lock_(std::move(lock)), dir_(std::move(dir)) {}
  base::LockFile lock_;
  base::DirFd dir_;
};

}  // namespace ibuild::builder
