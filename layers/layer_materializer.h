#pragma once

#include <stop_token>

#include "layers/layer_bytes.h"
#include "layers/layer_store_state.h"

namespace ibuild::layers {

/// Makes missing forms of one layer. Requires: the layer's lock is held.
class LayerStore::Materializer {
 public:
  Materializer(const State& state, const Layer& layer, std::stop_token stop,
               const TransferObserver& observer)
      : state_(state),
        layer_(layer),
        folder_(state.folder(layer.diff_id)),
        stop_(std::move(stop)),
        observer_(observer) {}

  /// Index, tree and tar; a blob that is fetched for them is kept.
  void make(const Forms& missing);
  /// The layer's own blob, from its provider.
  void fetch_blob();

  /// Writes the tar out of the tree; nothing is checked. False when this layer's tree and index
  /// are not there or cannot give the tar.
  static bool write_from_tree(const LayerFolder& folder, base::ByteSink& out, std::stop_token stop);
  /// The tar inflated from the layer's blob, or from one that was made of it; null when there is
  /// none. Requires: `layer` and `state` outlive the result.
  static std::unique_ptr<LayerBytes> open_any_blob(const State& state, const Layer& layer,
                                                   std::stop_token stop,
                                                   const TransferObserver& observer);
  /// Takes away what the tar was read from when it turned out to be other bytes, so that another
  /// form is used next time. A blob that is what its digest says stays: it was given as something
  /// that it is not. Throws: DamagedBlob for one that is not, ContentError for a tar.
  static void drop_damaged(const State& state, const Layer& layer);

 private:
  void make_tar_from_tree();
  std::unique_ptr<LayerBytes> open_bytes();

  const State& state_;
  const Layer& layer_;
  LayerFolder folder_;
  std::stop_token stop_;
  const TransferObserver& observer_;
};

}  // namespace ibuild::layers
