#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "base/thread_pool.h"
#include "layers/store.h"

namespace ibuild::cli {

/// The store, open for one command.
class StoreSession {
 public:
  /// `held`: nobody may take away meanwhile what no image needs. Everybody wants that but the one
  /// who removes.
  enum class Use { held, for_removal };

  /// `threads`: workers for hashing and compression; 0 means one per processor.
  explicit StoreSession(const std::string& path, std::size_t threads = 1, Use use = Use::held);

  /// Ends what Use::held began, for one who goes on as the one who removes.
  void release_hold() { hold_.reset(); }

  layers::Store& store() { return *store_; }
  base::ThreadPool& pool() { return pool_; }

 private:
  base::ThreadPool pool_;
  std::unique_ptr<layers::Store> store_;
  std::optional<base::LockFile> hold_;
};

}  // namespace ibuild::cli
