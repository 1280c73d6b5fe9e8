#pragma once

#include "base/stream.h"
#include "layers/layer.h"
#include "layers/layer_entry.h"

namespace ibuild::layers {

/// Writes a new layer straight as tar and index, without a file system: COPY, ADD, WORKDIR.
/// Entries come in walk order (compare_walk_order), each path once, hard links after the file they
/// name. The destructor throws away what was not committed. Not for several threads at once.
/// Made by LayerStore::begin_layer.
class LayerBuilder {
 public:
  virtual ~LayerBuilder() = default;
  /// As TarWriter::add; the file's content digest is computed on the way unless the entry brings
  /// it. Throws ContentError when the entry is out of order.
  virtual void add(LayerEntry entry, base::ByteSource* data) = 0;
  /// The layer is in the store afterwards, in forms index and tar, or index and blob where one was
  /// asked for. A layer with this diff-id that stands already is kept. Only once.
  virtual Layer commit() = 0;
};

}  // namespace ibuild::layers
