#include "builder/remote/copy_image.h"

#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "builder/remote/blob_copier.h"
#include "builder/remote/blob_transfer.h"
#include "builder/remote/parallel.h"
#include "builder/remote/remote_documents.h"
#include "image/manifest.h"

namespace ibuild::remote {

namespace {

/// An image as its source has it: what must be there before what.
class CopyPlan {
 public:
  explicit CopyPlan(DocumentReader read) : read_(std::move(read)) {}

  void add(registry::FetchedManifest document, int depth = 0) {
    if (depth > kMaxIndexDepth) throw base::ContentError("image indexes are nested too deep");
    if (!seen_.insert(document.descriptor.digest).second) return;
    const auto parsed =
        image::parse_manifest_or_index(document.bytes, document.descriptor.media_type);
    if (const auto* manifest = std::get_if<image::Manifest>(&parsed)) {
      for (const auto& layer : manifest->layers) add_blob(layer);
      add_blob(manifest->config);
    } else {
      for (const auto& entry : std::get<image::Index>(parsed).manifests) {
        add({.descriptor = entry, .bytes = read_(entry).value()}, depth + 1);
      }
    }
    documents_.push_back(std::move(document));
  }

  const std::vector<image::Descriptor>& blobs() const { return blobs_; }
  /// Children before parents.
  const std::vector<registry::FetchedManifest>& documents() const { return documents_; }

 private:
  void add_blob(const image::Descriptor& blob) {
    if (!is_nondistributable(blob) && seen_.insert(blob.digest).second) blobs_.push_back(blob);
  }

  DocumentReader read_;
  std::set<base::Digest> seen_;
  std::vector<image::Descriptor> blobs_;
  std::vector<registry::FetchedManifest> documents_;
};

CopyResult copy(registry::RegistryClient& client, const CopyRequest& request, const CopyPlan& plan,
                BlobCopier& blobs, std::stop_token stop) {
  std::vector<Task> tasks;
  for (const auto& blob : plan.blobs()) {
    tasks.push_back([&](std::stop_token task_stop) {
      blobs.copy(blob, request.source, request.destination, std::move(task_stop));
    });
  }
  run_parallel(std::move(tasks), BlobCopier::kMaxCopies, stop);
  for (const auto& document : plan.documents()) {
    const bool top = &document == &plan.documents().back();
    auto target = request.destination;
    target.digest.reset();
    if (!top || target.tag.empty()) target = by_digest(target, document.descriptor.digest);
    client.push_manifest(target, document.descriptor.media_type, document.bytes, stop);
  }
  return blobs.result(plan.documents().back().descriptor);
}

/// What is to be copied: what the source's name leads to, or the one manifest of it that was asked
/// for.
registry::FetchedManifest find_top(registry::RegistryClient& client, const CopyRequest& request,
                                   const DocumentReader& read, std::stop_token stop) {
  auto top = client.fetch_manifest(request.source, std::move(stop));
  if (!request.platform) return top;
  const DocumentReader read_known =
      [&](const image::Descriptor& document) -> std::optional<std::string> {
    return document.digest == top.descriptor.digest ? top.bytes : read(document);
  };
  const auto chosen = choose_manifest(top.descriptor, *request.platform, read_known).value();
  return {.descriptor = chosen.descriptor, .bytes = read_known(chosen.descriptor).value()};
}

/// Whether the destination's name stands for `top` already.
bool stands_there(registry::RegistryClient& client, const CopyRequest& request,
                  const image::Descriptor& top, std::stop_token stop) {
  auto target = request.destination;
  if (target.tag.empty()) target.digest = top.digest;
  const auto standing = client.resolve_for_push(target, std::move(stop));
  return standing && standing->digest == top.digest;
}

}  // namespace

CopyResult copy_image(registry::RegistryClient& client, const CopyRequest& request,
                      builder::VertexId vertex, builder::EventSink& events, std::stop_token stop) {
  const auto read = read_from_registry(client, request.source, stop);
  auto top = find_top(client, request, read, stop);
  if (stands_there(client, request, top.descriptor, stop)) return {.copied = top.descriptor};
  CopyPlan plan(read);
  plan.add(std::move(top));
  BlobCopier blobs(client, vertex, events);
  return copy(client, request, plan, blobs, std::move(stop));
}

}  // namespace ibuild::remote
