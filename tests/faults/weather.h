#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "base/thread_pool.h"
#include "builder/remote/blob_origins.h"
#include "builder/remote/image_loader.h"
#include "layers/store.h"
#include "tests/support/registry_server.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::test {

/// A registry's client as commands use it, but it waits less between attempts and loses patience
/// with silent servers sooner: long enough for small answers of a registry on a busy machine.
std::unique_ptr<registry::RegistryClient> make_hasty_client(
    std::chrono::milliseconds patience = std::chrono::milliseconds(250));

/// A store of its own. Each command has a client of its own, as each process would.
class Household {
 public:
  Household();
  layers::Store& store() { return *store_; }

  void pull(const std::string& name);
  /// Sends the store's image `name` under another.
  void push(const std::string& name, const std::string& destination);

  /// What is wrong with the store, a line each: blobs that are not what their name says, names of
  /// images that are not whole, temporaries. Empty when all is well.
  std::string find_damage();

 private:
  base::TempDir dir_;
  base::ThreadPool pool_{1};
  std::unique_ptr<layers::Store> store_;
  remote::BlobOrigins origins_;
};

/// A real registry with an image of two layers. For any thread.
class World {
 public:
  World();
  /// "127.0.0.1:PORT", without a proxy
  const std::string& host() const { return server_.host(); }
  int port() const { return server_.port(); }
  /// What follows the host in the image's name.
  static std::string path() { return "/app:1"; }
  /// A name that nobody has used.
  std::string fresh_path() { return "/fresh" + std::to_string(++used_) + ":1"; }
  /// What is wrong with the registry's image `path`.
  std::string find_damage(const std::string& path);
  bool has(const std::string& path);
  /// Sends the image to this name.
  void push_to(const std::string& name) { owner_.push("localhost/app:1", name); }

 private:
  RegistryServer server_;
  std::atomic<int> used_ = 0;
  Household owner_;  // has the image
};

/// Copies an image from registry to registry with a hasty client.
void copy_hastily(const std::string& source, const std::string& destination);

}  // namespace ibuild::test
