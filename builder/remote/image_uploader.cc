#include "builder/remote/image_uploader.h"

#include <set>

#include "builder/remote/blob_transfer.h"
#include "builder/remote/parallel.h"
#include "builder/remote/registry_blob_provider.h"
#include "registry/registry_client.h"

namespace ibuild::remote {

void ImageUploader::note(std::string text) {
  events_.emit(builder::event::StepNote{.id = vertex_, .text = std::move(text)});
}

bool ImageUploader::stands_already(const image::Reference& reference,
                                   const image::Descriptor& top) {
  try {
    const auto standing = loader_.registry().client().resolve_for_push(reference, stop_);
    if (!standing || standing->digest != top.digest) return false;
  } catch (const registry::RegistryError& error) {
    if (error.status() == 0 || error.retryable()) throw;  // it has been asked often enough
    return false;
  }
  note("nothing to push: " + reference.str() + " is this image already");
  return true;
}

std::string ImageUploader::mount_source(const image::Reference& repository,
                                        const UploadBlob& blob) const {
  auto known = loader_.origins().find(blob.descriptor.digest);
  if (blob.provider && !blob.provider->repository().empty()) {
    known.insert(known.begin(), image::parse_reference(blob.provider->repository()));
  }
  for (const auto& origin : known) {
    if (origin.domain == repository.domain && origin.path != repository.path) return origin.path;
  }
  return {};
}

void ImageUploader::push_blob(const image::Reference& repository, const UploadBlob& blob,
                              std::stop_token stop) {
  const auto& content = loader_.store().content();
  const auto& digest = blob.descriptor.digest;
  if (early_ != nullptr && early_->finish(digest, repository, stop)) {
    note("sent while steps ran: " + short_name(digest));
    return;
  }
  const auto open = [&]() -> std::unique_ptr<base::ByteSource> {
    if (!content.has(digest)) {
      // Only now is it certain that the bytes are needed here.
      const auto provider = blob.provider
                                ? blob.provider
                                : make_provider(loader_.registry(), loader_.origins(), digest);
      fetch_into_store(content, blob.descriptor, provider.get(), vertex_, events_, stop);
    }
    return open_blob(content, digest);
  };
  const auto observer = [&](std::uint64_t done, std::uint64_t total) {
    events_.emit(builder::event::TransferProgress{
        .id = vertex_, .what = short_name(digest), .done_bytes = done, .total_bytes = total});
  };
  const auto outcome = loader_.registry().client().push_blob(
      repository, blob.descriptor, open, mount_source(repository, blob), observer, stop);
  if (outcome == registry::UploadOutcome::mounted) note("mounted " + short_name(digest));
  loader_.origins().remember(digest, repository);
}

void ImageUploader::push_blobs(const image::Reference& repository,
                               const std::vector<UploadBlob>& blobs) {
  note("pushing layers to " + repository.name());
  std::vector<Task> tasks;
  std::set<base::Digest> seen;
  for (const auto& blob : blobs) {
    if (is_nondistributable(blob.descriptor) || !seen.insert(blob.descriptor.digest).second)
      continue;
    tasks.push_back([this, &repository, &blob](std::stop_token stop) {
      push_blob(repository, blob, std::move(stop));
    });
  }
  run_parallel(std::move(tasks), kMaxTransfers, stop_);
}

void ImageUploader::push_manifest(const image::Reference& reference,
                                  const image::Descriptor& manifest, std::string_view bytes) {
  auto shown = reference;
  shown.digest = manifest.digest;
  note("pushing manifest for " + shown.str());
  loader_.registry().client().push_manifest(reference, manifest.media_type, bytes, stop_);
}

}  // namespace ibuild::remote
