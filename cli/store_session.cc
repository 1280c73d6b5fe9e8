#include "cli/store_session.h"

namespace ibuild::cli {

StoreSession::StoreSession(const std::string& path, std::size_t threads, Use use)
    : pool_(threads), store_(layers::Store::open(path, pool_)) {
  if (use == Use::held) hold_.emplace(store_->hold_against_gc());
}

}  // namespace ibuild::cli
