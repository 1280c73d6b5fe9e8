#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

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
  /// What a directory that is not there yet is made of.
  struct Beginning {
    std::optional<Base> base;
    /// What another cache has of the mount of this name: comes before the base. May be empty.
    std::function<std::optional<SelectedSource>(const std::string& name)> restore;
    /// Whether the mount of this name is to begin anew, empty, although it is there. May be empty.
    std::function<bool(const std::string& name)> begins_anew;
  };
  /// Without a beginning it is empty. One that is to begin anew is left as it is while another step
  /// shares it. Waits for a locked one. Throws: SystemError, CancelledError,
  /// what `restore` throws.
  static CacheMount open(const layers::Store& store, const RunMount& mount,
                         const Beginning& beginning, std::stop_token stop);

  // A mount's name is its id with what tells it from others of the id: the owner, the base. Other
  // stores give it the same one.

  /// Of all mounts that the store has, sorted.
  static std::vector<std::string> stored_names(const layers::Store& store);
  /// The id as Dockerfiles have it; of a namespace "<namespace>/<id>".
  static std::string_view id_of(std::string_view name);
  /// The directory of the shared and the locked, for one who wants it for himself. Waits until no
  /// step uses it. None when it is not there.
  static std::optional<CacheMount> open_stored(const layers::Store& store, const std::string& name,
                                               std::stop_token stop);
  const base::DirFd& dir() const { return dir_; }

 private:
  CacheMount(base::LockFile lock, base::DirFd dir) : lock_(std::move(lock)), dir_(std::move(dir)) {}
  base::LockFile lock_;
  base::DirFd dir_;
};

}  // namespace ibuild::builder
