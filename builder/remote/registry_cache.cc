#include "builder/remote/registry_cache.h"

#include <utility>
#include <vector>

#include "base/error.h"
#include "builder/cache/cache_document.h"
#include "builder/remote/registry_blob_provider.h"
#include "image/media_types.h"

namespace ibuild::remote {

namespace {

/// Keeps what comes, up to what was promised.
class BoundedSink : public base::ByteSink {
 public:
  explicit BoundedSink(std::uint64_t cap_bytes) : cap_bytes_(cap_bytes) {}
  void write(base::Bytes bytes) override {
    if (bytes.size() > cap_bytes_ - text_.size())
      throw base::ContentError("the index is larger than its manifest says");
    text_.append(base::as_text(bytes));
  }
  std::string take() { return std::move(text_); }

 private:
  std::uint64_t cap_bytes_;
  std::string text_;
};

class RegistryCache : public builder::CacheSource {
 public:
  RegistryCache(LazyRegistry& registry, image::Reference reference)
      : registry_(registry), reference_(std::move(reference)) {}

  std::string name() const override { return reference_.str(); }

  std::optional<Content> load(const image::Platform& platform, std::stop_token stop) override {
    const auto top = fetch_top(stop);
    if (!top) return std::nullopt;
    const DocumentReader read = [&](const image::Descriptor& document) {
      return document.digest == top->descriptor.digest ? top->bytes : fetch(document, stop);
    };
    const auto chosen = choose_manifest(top->descriptor, platform, read);
    if (!chosen) return std::nullopt;
    builder::check_may_hold_cache(chosen->manifest);
    auto bundle =
        builder::read_cache_document(chosen->manifest, read_config(chosen->manifest.config, stop));
    if (!bundle) return std::nullopt;
    return Content{*std::move(bundle),
                   std::make_shared<RegistryBlobProvider>(registry_, std::vector{reference_})};
  }

 private:
  std::optional<registry::FetchedManifest> fetch_top(std::stop_token stop) {
    try {
      return registry_.client().fetch_manifest(reference_, std::move(stop));
    } catch (const registry::RegistryError& error) {
      if (error.status() == 404) return std::nullopt;
      throw;
    }
  }
  /// A manifest that an index names.
  std::string fetch(const image::Descriptor& document, std::stop_token stop) {
    auto reference = reference_;
    reference.tag.clear();
    reference.digest = document.digest;
    return registry_.client().fetch_manifest(reference, std::move(stop)).bytes;
  }
  /// Requires: its size was checked.
  std::string read_config(const image::Descriptor& config, std::stop_token stop) {
    BoundedSink sink(config.size_bytes);
    registry_.client().fetch_blob(reference_, config, sink, {}, std::move(stop));
    return sink.take();
  }

  LazyRegistry& registry_;
  image::Reference reference_;
};

}  // namespace

std::unique_ptr<builder::CacheSource> RegistryCaches::open(const image::Reference& reference) {
  return std::make_unique<RegistryCache>(registry_, reference);
}

}  // namespace ibuild::remote
