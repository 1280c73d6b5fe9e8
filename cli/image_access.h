#pragma once

#include <cstddef>
#include <string>

#include "builder/remote/blob_origins.h"
#include "builder/remote/image_loader.h"
#include "builder/remote/lazy_registry.h"
#include "cli/options_registry.h"
#include "cli/options_store.h"
#include "cli/store_session.h"

namespace ibuild::cli {

/// The store and the registry behind it, as commands use them. Nothing is asked of a registry
/// before somebody needs to.
class ImageAccess {
 public:
  /// `warn` takes what a user should see once; for any thread.
  explicit ImageAccess(const StoreOptions& store_options, const RegistryFlags& registry_flags = {},
                       registry::WarningSink warn = {}, std::size_t threads = 1,
                       StoreSession::Use use = StoreSession::Use::held)
      : session_(store_options.path(), threads, use),
        registry_(registry_flags.resolve(), std::move(warn)),
        origins_(session_.store()),
        loader_(session_.store(), registry_, origins_) {}

  StoreSession& session() { return session_; }
  layers::Store& store() { return session_.store(); }
  remote::ImageLoader& loader() { return loader_; }

 private:
  StoreSession session_;
  remote::LazyRegistry registry_;
  remote::BlobOrigins origins_;
  remote::ImageLoader loader_;
};

}  // namespace ibuild::cli
