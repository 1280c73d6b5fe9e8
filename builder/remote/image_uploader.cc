#include "builder/remote/image_uploader.h"

#include <atomic>
#include <set>
#include <utility>

#include "builder/remote/blob_transfer.h"
#include "builder/remote/parallel.h"
#include "builder/remote/registry_blob_provider.h"
#include "builder/remote/remote_documents.h"
#include "registry/registry_client.h"

namespace ibuild::remote {

namespace {

/// Whether a registry may have found a blob to be other bytes than promised. Registries say that in
/// many ways; it is none to be asked for a login, or to come back later.
bool may_be_about_bytes(const registry::RegistryError& error) {
  switch (error.status()) {
    case 0:
    case 401:
    case 403:
    case 404:
    case 429:
      return false;
    default:
      return true;
  }
}

}  // namespace

void ImageUploader::note(std::string text) {
  events_.emit(builder::event::StepNote{.id = vertex_, .text = std::move(text)});
}

bool ImageUploader::stands(const image::Reference& reference, const image::Descriptor& document,
                           std::stop_token stop) {
  try {
    const auto standing = loader_.registry().client().resolve_for_push(reference, std::move(stop));
    return standing && standing->digest == document.digest;
  } catch (const registry::RegistryError& error) {
    if (error.status() == 0 || error.retryable()) throw;  // it has been asked often enough
    return false;
  }
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
    sent_ = true;
    return;
  }
  const auto open = [&]() -> std::unique_ptr<base::ByteSource> {
    if (!content.has_exact(digest, blob.descriptor.size_bytes)) {
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
  if (outcome != registry::UploadOutcome::already_there) sent_ = true;
  if (outcome == registry::UploadOutcome::mounted) note("mounted " + short_name(digest));
  loader_.origins().remember(digest, repository);
}

void ImageUploader::push_checked_blob(const image::Reference& repository, const UploadBlob& blob,
                                      std::stop_token stop) {
  const auto& content = loader_.store().content();
  try {
    push_blob(repository, blob, std::move(stop));
  } catch (const registry::RegistryError& error) {
    if (may_be_about_bytes(error)) content.check_whole(blob.descriptor.digest);
    throw;
  } catch (const base::ContentError&) {
    content.check_whole(blob.descriptor.digest);
    throw;
  }
}

void ImageUploader::push_document(const image::Reference& reference,
                                  const UploadDocument& document) {
  auto shown = reference;
  shown.digest = document.descriptor.digest;
  note("pushing manifest for " + shown.str());
  loader_.registry().client().push_manifest(reference, document.descriptor.media_type,
                                            document.bytes, stop_);
  sent_ = true;
}

void ImageUploader::push(const image::Reference& reference, const UploadImage& image,
                         Documents documents) {
  note("pushing layers to " + reference.name());
  sent_ = false;
  const auto name_of = [&](const UploadDocument& document) {
    const bool top = &document == &image.documents.back();
    return top ? reference : by_digest(reference, document.descriptor.digest);
  };
  std::vector<Task> tasks;
  std::vector<std::atomic<bool>> standing(image.documents.size());
  for (std::size_t i = 0; documents == Documents::ask && i < standing.size(); ++i) {
    tasks.push_back([&, i](std::stop_token stop) {
      const auto& document = image.documents[i];
      standing[i] = stands(name_of(document), document.descriptor, std::move(stop));
    });
  }
  std::set<base::Digest> seen;
  for (const auto& blob : image.blobs) {
    if (is_nondistributable(blob.descriptor) || !seen.insert(blob.descriptor.digest).second)
      continue;
    tasks.push_back(
        [&](std::stop_token stop) { push_checked_blob(reference, blob, std::move(stop)); });
  }
  run_parallel(std::move(tasks), kMaxTransfers, stop_);
  for (std::size_t i = 0; i < standing.size(); ++i) {
    if (!standing[i]) push_document(name_of(image.documents[i]), image.documents[i]);
  }
  if (!sent_) note("nothing to push: " + reference.str() + " is this image already");
}

}  // namespace ibuild::remote
