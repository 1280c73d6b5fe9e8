#include "cli/blob_sweep.h"

#include <set>
#include <variant>

#include "base/error.h"
#include "builder/remote/manifest_choice.h"
#include "image/manifest.h"

namespace ibuild::cli {

namespace {

using Digests = std::set<base::Digest>;

/// Adds `document` and all that it names, as far as the store has it.
void add_reachable(const remote::ImageLoader& loader, const image::Descriptor& document, int depth,
                   Digests& found) {
  if (depth > remote::kMaxIndexDepth || !found.insert(document.digest).second) return;
  const auto text = loader.read_stored(document);
  if (!text) return;
  const auto parsed = image::parse_manifest_or_index(*text, document.media_type);
  if (const auto* index = std::get_if<image::Index>(&parsed)) {
    for (const auto& entry : index->manifests) add_reachable(loader, entry, depth + 1, found);
    return;
  }
  const auto& manifest = std::get<image::Manifest>(parsed);
  found.insert(manifest.config.digest);
  for (const auto& layer : manifest.layers) found.insert(layer.digest);
}

/// Requires: nobody else uses the store.
std::vector<base::Digest> take_unneeded(ImageAccess& access, const Digests& candidates) {
  Digests needed;
  for (const auto& stored : access.store().images().list()) {
    add_reachable(access.loader(), stored.descriptor, 0, needed);
  }
  std::vector<base::Digest> taken;
  for (const auto& digest : candidates) {
    if (needed.contains(digest) || !access.store().content().has(digest)) continue;
    access.store().content().remove(digest);
    taken.push_back(digest);
  }
  return taken;
}

}  // namespace

std::vector<base::Digest> sweep_images(ImageAccess& access,
                                       const std::vector<image::Descriptor>& removed) {
  if (removed.empty() || !access.session().try_exclusive()) return {};
  Digests candidates;
  for (const auto& descriptor : removed) add_reachable(access.loader(), descriptor, 0, candidates);
  return take_unneeded(access, candidates);
}

std::vector<base::Digest> sweep_blobs(ImageAccess& access, const std::vector<base::Digest>& blobs) {
  if (blobs.empty() || !access.session().try_exclusive()) return {};
  return take_unneeded(access, {blobs.begin(), blobs.end()});
}

}  // namespace ibuild::cli
