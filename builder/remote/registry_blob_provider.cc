#include "builder/remote/registry_blob_provider.h"

namespace ibuild::remote {

namespace {

/// Passes bytes on and knows whether there were any: after the first one another repository is no
/// way out.
class WatchedSink : public base::DigestSink {
 public:
  explicit WatchedSink(base::DigestSink& next) : next_(next) {}
  void write(base::Bytes bytes) override {
    touched_ = true;
    next_.write(bytes);
  }
  base::Digest digest() override { return next_.digest(); }
  bool touched() const { return touched_; }

 private:
  base::DigestSink& next_;
  bool touched_ = false;
};

}  // namespace

RegistryBlobProvider::RegistryBlobProvider(LazyRegistry& registry,
                                           std::vector<image::Reference> repositories)
    : registry_(registry), repositories_(std::move(repositories)) {}

void RegistryBlobProvider::fetch(const image::Descriptor& blob, base::DigestSink& out,
                                 std::stop_token stop) {
  WatchedSink watched(out);
  for (std::size_t i = 0; i < repositories_.size(); ++i) {
    try {
      registry_.client().fetch_blob(repositories_[i], blob, watched, {}, stop);
      return;
    } catch (const registry::RegistryError&) {
      if (watched.touched() || i + 1 == repositories_.size()) throw;
    }
  }
}

std::shared_ptr<layers::BlobProvider> make_provider(LazyRegistry& registry,
                                                    const BlobOrigins& origins,
                                                    const base::Digest& blob) {
  auto repositories = origins.find(blob);
  if (repositories.empty()) return nullptr;
  return std::make_shared<RegistryBlobProvider>(registry, std::move(repositories));
}

}  // namespace ibuild::remote
