#include "tests/unit/builder/remote/fake_registry.h"

#include "base/digest.h"
#include "image/media_types.h"

namespace ibuild::test {

namespace {

image::Descriptor describe(std::string_view media_type, std::string_view bytes) {
  image::Descriptor descriptor;
  descriptor.media_type = media_type;
  descriptor.digest = base::sha256_of(bytes);
  descriptor.size_bytes = bytes.size();
  return descriptor;
}

registry::RegistryError not_found(const std::string& what) {
  return registry::RegistryError(404, {"MANIFEST_UNKNOWN"}, false, what + " not found");
}

}  // namespace

void FakeRegistry::note(const std::string& request) {
  auto content = content_->lock();
  content->requests.push_back(request);
  if (content->is_down) throw registry::RegistryError(0, {}, /*retryable=*/true, "no answer");
}

std::optional<image::Descriptor> FakeRegistry::resolve(const image::Reference& reference,
                                                       std::stop_token) {
  note("HEAD " + reference.str());
  auto content = content_->lock();
  auto digest =
      reference.digest ? reference.digest->str() : content->tags[reference.name()][reference.tag];
  const auto& manifests = content->manifests[reference.name()];
  const auto found = manifests.find(digest);
  if (found == manifests.end()) return std::nullopt;
  return describe(content->media_types[digest], found->second);
}

registry::FetchedManifest FakeRegistry::fetch_manifest(const image::Reference& reference,
                                                       std::stop_token) {
  note("GET " + reference.str());
  auto content = content_->lock();
  auto digest =
      reference.digest ? reference.digest->str() : content->tags[reference.name()][reference.tag];
  const auto& manifests = content->manifests[reference.name()];
  const auto found = manifests.find(digest);
  if (found == manifests.end()) throw not_found(reference.str());
  return {.descriptor = describe(content->media_types[digest], found->second),
          .bytes = found->second};
}

void FakeRegistry::fetch_blob(const image::Reference& repository, const image::Descriptor& blob,
                              registry::BlobDestination destination,
                              const registry::TransferObserver&, std::stop_token) {
  note("BLOB " + repository.name() + " " + blob.digest.str());
  std::string bytes;
  bool broken = false;
  {
    auto content = content_->lock();
    const auto& blobs = content->blobs[repository.name()];
    const auto found = blobs.find(blob.digest.str());
    if (found == blobs.end()) throw not_found(blob.digest.str());
    bytes = found->second;
    broken = content->broken_blobs.contains(blob.digest.str());
  }
  destination.out().write(
      base::as_bytes(std::string_view(bytes).substr(0, broken ? bytes.size() / 2 : bytes.size())));
  if (broken) throw registry::RegistryError(500, {}, true, "the connection broke");
}

bool FakeRegistry::has_blob(const image::Reference& repository, const base::Digest& digest,
                            std::stop_token) {
  return content_->lock()->blobs[repository.name()].contains(digest.str());
}

registry::UploadOutcome FakeRegistry::push_blob(const image::Reference& repository,
                                                const image::Descriptor& blob,
                                                const registry::BlobOpener& open,
                                                const std::string& mount_from,
                                                const registry::TransferObserver&,
                                                std::stop_token) {
  {
    auto content = content_->lock();
    auto& blobs = content->blobs[repository.name()];
    if (blobs.contains(blob.digest.str())) return registry::UploadOutcome::already_there;
    const auto& others = content->blobs[repository.domain + "/" + mount_from];
    if (const auto found = others.find(blob.digest.str()); found != others.end()) {
      content->requests.push_back("MOUNT " + mount_from);
      blobs[blob.digest.str()] = found->second;
      return registry::UploadOutcome::mounted;
    }
  }
  note("PUT-BLOB " + repository.name() + " " + blob.digest.str());
  const auto source = open();
  auto bytes = base::read_all(*source, 1 << 20, "blob");
  if (base::Digest(base::sha256_of(bytes)) != blob.digest)
    throw registry::RegistryError(400, {"DIGEST_INVALID"}, false, "the digest does not match");
  content_->lock()->blobs[repository.name()][blob.digest.str()] = std::move(bytes);
  return registry::UploadOutcome::uploaded;
}

void FakeRegistry::push_growing_blob(const image::Reference& repository,
                                     registry::GrowingBlob& blob, std::stop_token stop) {
  note("PUT-GROWING " + repository.name());
  std::uint64_t seen = 0;
  auto extent = blob.wait_for(1, stop);
  for (; !extent.whole; extent = blob.wait_for(seen + 1, stop)) seen = extent.size_bytes;
  const auto source = blob.open();
  std::string bytes(extent.size_bytes, '\0');
  const std::span<std::byte> all = std::as_writable_bytes(std::span(bytes));
  for (std::size_t done = 0; done < all.size();) done += source->read(all.subspan(done));
  if (base::sha256_of(bytes) != extent.whole->digest)
    throw registry::RegistryError(400, {"DIGEST_INVALID"}, false, "other bytes");
  content_->lock()->blobs[repository.name()][extent.whole->digest.str()] = std::move(bytes);
}

bool FakeRegistry::is_new_repository(const image::Reference& repository, std::stop_token) {
  return content_->lock()->tags[repository.name()].empty();
}

base::Digest FakeRegistry::push_manifest(const image::Reference& reference,
                                         std::string_view media_type, std::string_view bytes,
                                         std::stop_token) {
  note("PUT " + reference.str());
  auto digest = base::sha256_of(bytes);
  auto content = content_->lock();
  content->manifests[reference.name()][digest.str()] = bytes;
  content->media_types[digest.str()] = media_type;
  if (!reference.tag.empty()) content->tags[reference.name()][reference.tag] = digest.str();
  return digest;
}

std::vector<std::string> FakeRegistry::list_tags(const image::Reference& repository,
                                                 std::stop_token) {
  std::vector<std::string> tags;
  for (const auto& [tag, digest] : content_->lock()->tags[repository.name()]) tags.push_back(tag);
  return tags;
}

registry::DeleteOutcome FakeRegistry::delete_manifest(const image::Reference& reference,
                                                      std::stop_token) {
  note("DELETE " + reference.str());
  auto content = content_->lock();
  const bool gone = reference.digest
                        ? content->manifests[reference.name()].erase(reference.digest->str()) > 0
                        : content->tags[reference.name()].erase(reference.tag) > 0;
  return gone ? registry::DeleteOutcome::deleted : registry::DeleteOutcome::not_there;
}

image::Descriptor RegistryFixture::add_image(const std::string& name,
                                             const std::vector<std::string>& layers,
                                             const image::Platform& platform) {
  const auto reference = image::parse_reference(name);
  auto shared = content();
  auto& blobs = shared->blobs[reference.name()];
  image::ImageConfig config;
  config.platform = platform;
  image::Manifest manifest;
  manifest.media_type = image::media_type::kOciManifest;
  for (const auto& bytes : layers) {
    manifest.layers.push_back(describe(image::media_type::kOciLayer, bytes));
    config.diff_ids.push_back(manifest.layers.back().digest);
    config.history.push_back({.created = {}, .created_by = "layer", .author = {}, .comment = {}});
    blobs[manifest.layers.back().digest.str()] = bytes;
  }
  const auto config_json = image::to_json(config);
  manifest.config = describe(image::media_type::kOciConfig, config_json);
  blobs[manifest.config.digest.str()] = config_json;
  const auto json = image::to_json(manifest);
  auto descriptor = describe(manifest.media_type, json);
  shared->manifests[reference.name()][descriptor.digest.str()] = json;
  shared->media_types[descriptor.digest.str()] = manifest.media_type;
  if (!reference.tag.empty())
    shared->tags[reference.name()][reference.tag] = descriptor.digest.str();
  descriptor.platform = platform;
  return descriptor;
}

image::Descriptor RegistryFixture::add_index(const std::string& name,
                                             const std::vector<image::Descriptor>& entries) {
  const auto reference = image::parse_reference(name);
  image::Index index;
  index.media_type = image::media_type::kOciIndex;
  index.manifests = entries;
  const auto json = image::to_json(index);
  auto descriptor = describe(index.media_type, json);
  auto shared = content();
  shared->manifests[reference.name()][descriptor.digest.str()] = json;
  shared->media_types[descriptor.digest.str()] = index.media_type;
  if (!reference.tag.empty())
    shared->tags[reference.name()][reference.tag] = descriptor.digest.str();
  return descriptor;
}

std::vector<std::string> RegistryFixture::requests(const std::string& prefix) {
  std::vector<std::string> matching;
  for (const auto& request : content()->requests) {
    if (request.starts_with(prefix)) matching.push_back(request);
  }
  return matching;
}

}  // namespace ibuild::test
