#include "builder/remote/image_loader.h"

#include <memory>
#include <utility>

#include "base/error.h"
#include "builder/remote/base_image.h"
#include "builder/remote/registry_blob_provider.h"
#include "builder/remote/remote_documents.h"
#include "image/media_types.h"

namespace ibuild::remote {

namespace {

using builder::BaseImage;

bool is_manifest_or_index(const image::Descriptor& document) {
  return image::media_type::is_manifest(document.media_type) ||
         image::media_type::is_index(document.media_type);
}

/// Puts the image's name before the message of what goes wrong with it.
template <typename F>
auto with_image_name(const image::Reference& reference, F f) {
  try {
    return f();
  } catch (base::CancelledError&) {
    throw;
  } catch (base::Error& error) {
    error.add_context(reference.familiar());
    throw;
  }
}

}  // namespace

std::optional<std::string> ImageLoader::read_stored(const image::Descriptor& document) const {
  if (!store_.content().has(document.digest)) return std::nullopt;
  return store_.content().read(document.digest);
}

std::string ImageLoader::read_remote(const image::Reference& repository,
                                     const image::Descriptor& document,
                                     std::stop_token stop) const {
  try {
    if (auto stored = read_stored(document)) return *std::move(stored);
  } catch (const layers::DamagedBlob&) {
    // it is fetched again
  }
  if (is_manifest_or_index(document)) {
    auto fetched = registry_.client().fetch_manifest(by_digest(repository, document.digest), stop);
    store_.content().put(fetched.bytes);
    return std::move(fetched.bytes);
  }
  auto ingest = store_.content().begin_ingest();
  registry_.client().fetch_blob(repository, document, *ingest, {}, stop);
  ingest->commit(document.digest);
  return store_.content().read(document.digest, kMaxConfigBytes);
}

std::optional<BaseImage> ImageLoader::try_load_stored(const image::Reference& reference,
                                                      const image::Descriptor& top,
                                                      const image::Platform& platform) const {
  return with_image_name(reference, [&]() -> std::optional<BaseImage> {
    const DocumentReader read = [this](const auto& document) { return read_stored(document); };
    auto chosen = choose_manifest(top, platform, read);
    if (!chosen) return std::nullopt;
    check_has_image_config(chosen->manifest);
    const auto config_json = read(chosen->manifest.config);
    if (!config_json) return std::nullopt;
    auto base = make_base_image(reference, *std::move(chosen), *config_json);
    base.top = top.digest;
    for (auto& layer : base.layers) {
      layer.provider = make_provider(registry_, origins_, layer.blob->digest);
    }
    return base;
  });
}

BaseImage ImageLoader::load_remote(const image::Reference& reference, const image::Descriptor& top,
                                   const image::Platform& platform, std::stop_token stop) const {
  return with_image_name(reference, [&] {
    const DocumentReader read = [&](const auto& document) -> std::optional<std::string> {
      return read_remote(reference, document, stop);
    };
    auto chosen = choose_manifest(top, platform, read);
    if (!chosen) throw base::Error("a manifest vanished from the store while it was read");
    check_has_image_config(chosen->manifest);
    const auto config_json = read(chosen->manifest.config);
    auto base = make_base_image(reference, *std::move(chosen), *config_json);
    base.top = top.digest;
    // Shared: one provider for all layers of the image, as layers::Layer has it.
    const auto provider = std::make_shared<RegistryBlobProvider>(registry_, std::vector{reference});
    for (auto& layer : base.layers) {
      layer.provider = provider;
      origins_.remember(layer.blob->digest, reference);
    }
    return base;
  });
}

std::optional<image::Descriptor> ImageLoader::fetch_top(const image::Reference& reference,
                                                        std::stop_token stop) const {
  try {
    auto fetched = registry_.client().fetch_manifest(reference, stop);
    store_.content().put(fetched.bytes);
    return fetched.descriptor;
  } catch (const registry::RegistryError& error) {
    if (error.status() == 404) return std::nullopt;
    throw;
  }
}

std::optional<image::Descriptor> ImageLoader::refresh_top(const image::Reference& reference,
                                                          std::stop_token stop) const {
  auto remote = registry_.client().resolve(reference, stop);
  if (!remote) return std::nullopt;
  if (store_.content().has(remote->digest)) return remote;
  return fetch_top(remote->digest.empty() ? reference : by_digest(reference, remote->digest), stop);
}

std::optional<image::Descriptor> ImageLoader::find_stored(const image::Reference& reference) const {
  if (!reference.digest) return store_.images().find(reference);
  const auto size = store_.content().try_size(*reference.digest);
  if (!size) return std::nullopt;
  image::Descriptor descriptor;
  descriptor.digest = *reference.digest;
  descriptor.size_bytes = *size;
  return descriptor;
}

}  // namespace ibuild::remote
