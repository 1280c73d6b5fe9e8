#include "layers/garbage.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "layers/image_content.h"
#include "layers/images_in_use.h"
#include "layers/layer_folder.h"
#include "layers/store_error.h"

namespace ibuild::layers {

namespace {

using base::RelPath;
using Digests = std::set<base::Digest>;

ImageContent content_of_kept_images(Store& store) {
  ImageContent kept(store.content(), Unreadable::refuse);
  for (const auto& image : images_in_use(store)) kept.add(image);
  for (const StoredImage& image : store.images().list()) {
    try {
      kept.add(image.descriptor);
    } catch (base::Error& error) {
      const std::string name = image.name.empty() ? image.descriptor.digest.str() : image.name;
      error.add_context("nothing can be removed, as nobody can tell what image " + name + " needs");
      error.set_hint("remove that image first: ibuild rmi " + name);
      throw;
    }
  }
  return kept;
}

/// Keeps without a name those that programs stand on. False when there are none.
bool keep_used(Store& store, const std::vector<image::Descriptor>& removed) {
  bool is_any_kept = false;
  for (const auto& used : images_in_use(store)) {
    const bool is_removed = std::any_of(removed.begin(), removed.end(), [&](const auto& image) {
      return image.digest == used.digest;
    });
    if (is_removed && store.images().add_untagged(used)) is_any_kept = true;
  }
  return is_any_kept;
}

Digests difference(const Digests& from, const Digests& without) {
  Digests left;
  std::set_difference(from.begin(), from.end(), without.begin(), without.end(),
                      std::inserter(left, left.end()));
  return left;
}

/// The whole folder vanishes at once. What is left of it when this is killed lies in tmp/.
bool remove_layer(const Store& store, const base::Digest& diff_id) {
  const base::TempDir grave(store.temp(), "removed-");
  const std::string folder = layer_folder(diff_id);
  if (::renameat(store.layers_dir().get(), folder.c_str(), grave.dir().get(), folder.c_str()) ==
      0) {
    return true;
  }
  if (errno == ENOENT) return false;
  throw_store_error(errno, "remove", store.layers_dir().show(RelPath::exact(folder)));
}

/// The lock files of a layer. Nobody holds or waits for one: all who would hold the store.
void remove_locks(const Store& store, const Digests& diff_ids) {
  if (diff_ids.empty()) return;
  for (const auto& entry : base::list_dir(store.locks())) {
    const bool is_of_one = std::any_of(diff_ids.begin(), diff_ids.end(), [&](const auto& diff_id) {
      return entry.name.find(diff_id.hex()) != std::string::npos;
    });
    if (is_of_one) ::unlinkat(store.locks().get(), entry.name.c_str(), 0);
  }
}

Removal remove_all(const Store& store, Digests blobs, const Digests& diff_ids,
                   const Digests& kept_blobs) {
  Removal removal;
  for (const auto& diff_id : diff_ids) {
    blobs.merge(blobs_made_of(store, diff_id));
    if (remove_layer(store, diff_id)) removal.diff_ids.push_back(diff_id);
  }
  for (const auto& blob : difference(blobs, kept_blobs)) {
    if (!store.content().has(blob)) continue;
    store.content().remove(blob);
    removal.blobs.push_back(blob);
  }
  remove_locks(store, diff_ids);
  return removal;
}

}  // namespace

Digests blobs_made_of(const Store& store, const base::Digest& diff_id) {
  Digests blobs;
  for (const auto& blob : LayerFolder(store.layers_dir(), diff_id, {}).blob_records())
    blobs.insert(blob.digest);
  return blobs;
}

ImageNeeds needs_of_images(Store& store) {
  const ImageContent kept = content_of_kept_images(store);
  return {kept.blobs(), kept.diff_ids()};
}

Removal remove_content(const Store& store, const base::LockFile&, const Digests& diff_ids,
                       const Digests& blobs, const ImageNeeds& needs) {
  return remove_all(store, blobs, difference(diff_ids, needs.diff_ids), needs.blobs);
}

Removal remove_unreferenced(Store& store, const std::vector<image::Descriptor>& removed) {
  const auto alone = store.try_lock_for_gc();
  if (!alone) {
    for (const auto& image : removed) store.images().add_untagged(image);
    return {.postponed = true};
  }
  const bool is_any_used = keep_used(store, removed);
  const ImageContent kept = content_of_kept_images(store);
  ImageContent gone(store.content(), Unreadable::skip);
  for (const auto& image : removed) gone.add(image);
  auto removal =
      remove_all(store, gone.blobs(), difference(gone.diff_ids(), kept.diff_ids()), kept.blobs());
  removal.postponed = is_any_used;
  return removal;
}

}  // namespace ibuild::layers
