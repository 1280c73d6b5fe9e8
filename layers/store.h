#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/files.h"
#include "base/fs_at.h"
#include "base/thread_pool.h"
#include "layers/content_store.h"
#include "layers/image_store.h"
#include "layers/layer_store.h"

namespace ibuild::layers {

/// The whole store: one directory, a valid OCI layout with ibuild's own folders beside it. Opening
/// creates what is missing, checks the format version, and removes temporaries whose process is
/// gone (each process has a folder below tmp/ that it holds by a lock). Several processes may have
/// one store open at once. For any thread. See: docs/design/store_format.md.
class Store {
 public:
  /// Throws: SystemError with a hint; Error when a newer ibuild made the store, or when the
  /// directory is in use for something else.
  static std::unique_ptr<Store> open(const std::string& host_path, base::ThreadPool& pool);
  /// `IBUILD_ROOT`, else /var/lib/ibuild for root, else $XDG_DATA_HOME/ibuild, else
  /// ~/.local/share/ibuild. `uid` is the real user's.
  static std::string default_path(unsigned uid);

  virtual ~Store() = default;
  virtual const base::DirFd& root() const = 0;
  virtual const ContentStore& content() const = 0;
  virtual ImageStore& images() = 0;
  virtual const LayerStore& layers() const = 0;
  /// This process's own folder below tmp/, same file system as the rest.
  virtual const base::DirFd& temp() const = 0;
  virtual const base::DirFd& locks() const = 0;
  /// layers/, where each layer has its folder (layer_folder).
  virtual const base::DirFd& layers_dir() const = 0;
  /// cache/<name>, created.
  virtual base::DirFd cache_dir(const std::string& name) const = 0;

  /// As long as this is held nothing is removed as unreferenced. Whoever makes, uses or names
  /// something that index.json does not refer to yet (a build, a pull, a load, a run, tagging)
  /// holds it until the name stands. Many may hold it at once. Blocks: while somebody removes
  /// garbage, until that is done or `stop` is requested (CancelledError).
  [[nodiscard]] virtual base::LockFile hold_against_gc(std::stop_token stop = {}) const = 0;
  /// The same lock for the one who removes. No value when somebody holds it, this process too.
  [[nodiscard]] virtual std::optional<base::LockFile> try_lock_for_gc() const = 0;
  /// Makes everything written so far outlast a loss of power (syncfs). Without it, what was written
  /// in the last half minute may be missing then: names stay right, and blobs that were cut short
  /// count as missing. Blocks: whatever else waits for that file system is written first, which
  /// takes from a millisecond to many seconds. So once at most, at the end of a command.
  virtual void sync() const = 0;
};

}  // namespace ibuild::layers
