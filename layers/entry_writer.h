#pragma once

#include "base/digest.h"
#include "base/stream.h"
#include "base/thread_pool.h"
#include "layers/layer_entry.h"
#include "layers/tar_writer.h"

namespace ibuild::layers {

/// Writes entries of an own layer to a TarWriter and makes them what a reader of the tar will see:
/// times in whole seconds, where a file's bytes lie, and their digest unless the entry brings it.
/// Large files are hashed by the pool while they are read.
class EntryWriter {
 public:
  /// `tar` and `pool` must outlive the writer.
  EntryWriter(TarWriter& tar, base::ThreadPool& pool) : tar_(tar), pool_(pool) {}
  /// As TarWriter::add.
  void add(LayerEntry& entry, base::ByteSource* data);

 private:
  TarWriter& tar_;
  base::ThreadPool& pool_;
  base::HashingSink small_hash_;
};

}  // namespace ibuild::layers
