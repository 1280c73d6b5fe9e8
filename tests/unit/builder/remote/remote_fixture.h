#pragma once

#include <memory>

#include "base/thread_pool.h"
#include "builder/remote/blob_origins.h"
#include "builder/remote/image_loader.h"
#include "layers/store.h"
#include "tests/support/scratch_dir.h"
#include "tests/unit/builder/remote/fake_registry.h"

namespace ibuild::test {

inline image::Platform amd64() { return image::parse_platform("linux/amd64"); }
inline image::Platform arm64() { return image::parse_platform("linux/arm64"); }
inline image::Reference named(const std::string& name) { return image::parse_reference(name); }

/// A store of its own and a registry in memory, wired together.
struct RemoteFixture {
  base::TempDir dir = make_scratch_dir();
  base::ThreadPool pool{1};
  std::unique_ptr<layers::Store> store = layers::Store::open(dir.host_path(), pool);
  RegistryFixture registry;
  remote::BlobOrigins origins{*store};
  remote::ImageLoader loader{*store, registry.client(), origins};

  /// Other bytes in a blob of the store.
  void overwrite_blob(const base::Digest& blob, const std::string& bytes) const {
    base::write_file_atomically(
        store->root(), base::RelPath::exact("blobs/sha256/" + std::string(blob.hex())), bytes);
  }
};

}  // namespace ibuild::test
