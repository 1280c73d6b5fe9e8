#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "base/thread_pool.h"
#include "layers/store.h"

namespace ibuild::cli {

/// The store, open for one command. It is held by a shared lock meanwhile, so that nobody takes
/// blobs away that the command counts on; try_exclusive() is for those who want to.
class StoreSession {
 public:
  /// `threads`: workers for hashing and compression; 0 means one per processor.
  explicit StoreSession(const std::string& path, std::size_t threads = 1);

  layers::Store& store() { return *store_; }
  base::ThreadPool& pool() { return pool_; }

  /// Turns the shared lock into the only one. False when another command uses the store; the shared
  /// lock stays then.
  bool try_exclusive();

 private:
  base::ThreadPool pool_;
  std::unique_ptr<layers::Store> store_;
  std::optional<base::LockFile> lock_;
};

}  // namespace ibuild::cli
