// See: docs/design/exported_cache_format.md, "Cache mounts".
#include "builder/cache/mount_packs.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "builder/ops/cache_mount.h"
#include "layers/tree_differ.h"

namespace ibuild::builder {
namespace {

constexpr std::string_view kAll = "*";

class Packer {
 public:
  Packer(const std::vector<std::string>& ids, const Services& services, std::stop_token stop)
      : ids_(ids), services_(services), stop_(std::move(stop)) {}

  MountPacks run(ImportedCaches& imported) {
    for (const auto& name : CacheMount::stored_names(services_.store)) {
      if (is_wanted(name)) pack(name);
    }
    for (const auto& hit : imported.mounts(stop_)) {
      if (is_wanted(hit.name)) packs_.try_emplace(hit.name, chain_of(hit));
    }
    warn_of_missing();
    return std::move(packs_);
  }

 private:
  bool is_wanted(const std::string& name) {
    const auto id = CacheMount::id_of(name);
    const auto found = std::find_if(ids_.begin(), ids_.end(), [&](const auto& wanted) {
      return wanted == kAll || wanted == id;
    });
    if (found == ids_.end()) return false;
    found_.insert(*found);
    return true;
  }

  void pack(const std::string& name) {
    const auto mount = CacheMount::open_stored(services_.store, name, stop_);
    if (!mount) return;
    const layers::TreeView nothing({});
    const layers::LayerChain no_chain;
    const layers::UpperTree tree{.upper = mount->dir(),
                                 .xattrs = layers::OverlayXattrs::none,
                                 .chain = no_chain,
                                 .lower = nothing,
                                 .layers = services_.store.layers()};
    const auto builder = services_.store.layers().begin_layer();
    auto layer = layers::write_tree_diff(
        tree, *builder, [this](const std::string& message) { warn(message); }, stop_);
    if (layer) packs_.emplace(name, layers::LayerChain{*std::move(layer)});
  }

  void warn_of_missing() {
    for (const auto& id : ids_) {
      if (id != kAll && !found_.contains(id))
        warn("cache mount " + base::printable(id) + " is not there: nothing of it goes along");
    }
  }

  void warn(const std::string& message) {
    services_.events.emit(event::WarningRaised{{"", message, "", {}}});
  }

  const std::vector<std::string>& ids_;
  const Services& services_;
  std::stop_token stop_;
  MountPacks packs_;
  std::set<std::string> found_;
};

}  // namespace

MountPacks pack_mounts(const std::vector<std::string>& ids, const Services& services,
                       ImportedCaches& imported, std::stop_token stop) {
  if (ids.empty()) return {};
  return Packer(ids, services, std::move(stop)).run(imported);
}

layers::LayerChain chain_of(const ImportedCaches::MountHit& hit) {
  layers::LayerChain chain;
  for (const auto& [diff_id, blob] : hit.mount.packs)
    chain.push_back({.diff_id = diff_id, .blob = blob, .provider = hit.blobs});
  return chain;
}

}  // namespace ibuild::builder
