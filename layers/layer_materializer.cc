#include "layers/layer_materializer.h"

#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "layers/hash_pipeline.h"
#include "layers/layer_bytes.h"
#include "layers/layer_pass.h"
#include "layers/tar_writer.h"
#include "layers/temp_file.h"

namespace ibuild::layers {

namespace {

std::string why_missing(const ContentStore& content, const Layer& layer) {
  const auto size = layer.blob ? content.try_size(layer.blob->digest) : std::nullopt;
  if (!size || *size == layer.blob->size_bytes) return " is not in the store any more";
  return ": blob " + layer.blob->digest.str() + " in the store is damaged: it has " +
         std::to_string(*size) + " bytes in place of " + std::to_string(layer.blob->size_bytes);
}

base::Error missing_error(const ContentStore& content, const Layer& layer) {
  base::Error error("layer " + layer.diff_id.str() + why_missing(content, layer));
  error.set_hint("build or pull its image again, or build without the cache (--no-cache)");
  return error;
}

/// Removes a tar that turned out to be other bytes.
[[noreturn]] void throw_damaged_tar(const LayerFolder& folder, const base::Digest& diff_id) {
  folder.remove_tar();
  base::ContentError error("the tar of layer " + diff_id.str() +
                           " in the store is damaged; it has been removed");
  error.set_hint("build or pull its image again");
  throw error;
}

void check_diff_id(const base::Digest& expected, const base::Digest& actual) {
  if (expected == actual) return;
  throw base::ContentError("the bytes of a stored layer have changed", expected.str(),
                           actual.str());
}

void copy_until_stopped(base::ByteSource& from, base::ByteSink& to, const std::stop_token& stop) {
  std::vector<std::byte> buffer(256 << 10);
  while (const std::size_t count = from.read(buffer)) {
    if (stop.stop_requested()) throw base::CancelledError();
    to.write(std::span(buffer).first(count));
  }
}

}  // namespace

bool LayerStore::Materializer::write_from_tree(const LayerFolder& folder, base::ByteSink& out,
                                               std::stop_token stop) {
  if (!folder.has_tree()) return false;
  const auto index = folder.try_read_index();
  if (!index || index->origin() != TarOrigin::own) return false;
  TarWriter writer(out);
  for (const LayerEntry& entry : index->entries()) {
    if (stop.stop_requested()) throw base::CancelledError();
    if (entry.type != EntryType::file) {
      writer.add(entry, nullptr);
      continue;
    }
    const auto file = folder.try_open_in_tree(entry.path);
    if (!file) {
      throw base::ContentError("\"" + base::printable(entry.path.absolute()) +
                               "\" is missing in the store's unpacked layer");
    }
    base::FdSource data(file->get());
    writer.add(entry, &data);
  }
  writer.finish();
  return true;
}

void LayerStore::Materializer::make_tar_from_tree() {
  TempFile tar(state_.temp);
  HashPipeline hash(state_.pool, &tar);
  if (!write_from_tree(folder_, hash, stop_)) throw missing_error(state_.content, layer_);
  check_diff_id(layer_.diff_id, hash.finish());
  folder_.put_tar(tar);
}

std::unique_ptr<LayerBytes> LayerStore::Materializer::open_bytes() {
  if (auto tar = folder_.try_open_tar()) return open_tar_bytes(*std::move(tar));
  return open_any_blob(state_, layer_, stop_, observer_);
}

std::unique_ptr<LayerBytes> LayerStore::Materializer::open_any_blob(
    const State& state, const Layer& layer, std::stop_token stop,
    const TransferObserver& observer) {
  const auto& own = layer.blob;
  if (!own || !state.content.has_exact(own->digest, own->size_bytes)) {
    if (const auto made = state.made_blob(layer.diff_id))
      return open_stored_blob(state.content, *made);
  }
  return open_blob_bytes(state.content, layer, std::move(stop), observer);
}

void LayerStore::Materializer::drop_damaged(const State& state, const Layer& layer) {
  const LayerFolder folder = state.folder(layer.diff_id);
  if (const auto tar = folder.try_open_tar()) {
    base::FdSource source(tar->get());
    if (base::Digest(base::sha256_of(source)) != layer.diff_id)
      throw_damaged_tar(folder, layer.diff_id);
    return;
  }
  const auto& own = layer.blob;
  if (own && state.content.has_exact(own->digest, own->size_bytes))
    return state.content.check_whole(own->digest);
  const auto made = state.made_blob(layer.diff_id);
  if (!made) return;
  folder.remove_blob_records();
  state.content.check_whole(made->digest);
}

void LayerStore::Materializer::make(const Forms& missing) {
  auto bytes = open_bytes();
  if (!bytes) {
    make_tar_from_tree();
    if (folder_.has_index() && !missing.tree) return;
    bytes = open_bytes();
  }
  std::optional<TempFile> tar;
  if (missing.tar && !folder_.has_tar()) tar.emplace(state_.temp);
  std::optional<base::TempDir> tree;
  if (missing.tree) tree.emplace(state_.temp, "tree-");
  const LayerPassTargets targets{
      .tree = tree ? &tree->dir() : nullptr, .xattrs = state_.xattrs, .tar = tar ? &*tar : nullptr};
  const LayerIndex index = [&] {
    try {
      return run_layer_pass(*bytes, layer_.diff_id, targets, state_.pool, stop_);
    } catch (const base::ContentError&) {
      drop_damaged(state_, layer_);
      throw;
    }
  }();
  bytes->keep();
  if (tree) {
    if (folder_.has_tree()) folder_.remove_tree(state_.temp);  // not whole, or nobody would make it
    if (folder_.put_tree(state_.temp, tree->name(), state_.boot_id)) tree->keep();
  }
  if (tar) folder_.put_tar(*tar);
  if (!folder_.has_index()) folder_.put_index(index);
}

void LayerStore::Materializer::fetch_blob() {
  BlobFeed(state_.content, layer_, stop_, observer_).commit();
}

void LayerStore::materialize(const Layer& layer, Forms wanted, std::stop_token stop,
                             const TransferObserver& observer) const {
  auto missing_forms = [&] {
    const Forms have = present(layer);
    return Forms{.index = wanted.index && !have.index,
                 .tree = wanted.tree && !have.tree,
                 .tar = wanted.tar && !have.tar,
                 .blob = wanted.blob && layer.blob && !have.blob};
  };
  auto needs_pass = [](const Forms& forms) { return forms.index || forms.tree || forms.tar; };
  const auto make_missing = [&] {
    Forms missing = missing_forms();
    if (needs_pass(missing) || missing.blob) {
      const auto lock = state_->lock(layer.diff_id, stop);
      missing = missing_forms();  // somebody else may have made them meanwhile
      Materializer materializer(*state_, layer, stop, observer);
      if (needs_pass(missing)) materializer.make(missing);
      if (missing_forms().blob && layer.provider) materializer.fetch_blob();
    }
    if (wanted.blob) ensure_blob(layer, {}, false, stop);
  };
  try {
    try {
      make_missing();
    } catch (const DamagedBlob&) {
      if (!layer.provider || !layer.blob) throw;
      make_missing();  // it is fetched again
    }
  } catch (base::ContentError& error) {
    error.add_context("layer " + layer.diff_id.str());
    throw;
  }
}

void LayerStore::write_tar(const Layer& layer, base::ByteSink& out, std::stop_token stop) const {
  const LayerFolder folder = state_->folder(layer.diff_id);
  HashPipeline hash(state_->pool, &out);
  if (auto tar = folder.try_open_tar()) {
    base::FdSource source(tar->get());
    copy_until_stopped(source, hash, stop);
    if (hash.finish() == layer.diff_id) return;
    throw_damaged_tar(folder, layer.diff_id);
  }
  bool is_written = false;
  try {
    is_written = Materializer::write_from_tree(folder, hash, stop);
    if (is_written) check_diff_id(layer.diff_id, hash.finish());
  } catch (base::ContentError& error) {
    folder.remove_tree(state_->temp);
    state_->whole_trees.lock()->erase(layer.diff_id);
    error.add_context("layer " + layer.diff_id.str());
    throw;
  }
  if (is_written) return;
  const auto bytes = Materializer::open_any_blob(*state_, layer, stop, {});
  if (!bytes) throw missing_error(state_->content, layer);
  try {
    copy_until_stopped(*bytes, hash, stop);
    check_diff_id(layer.diff_id, hash.finish());
  } catch (base::ContentError& error) {
    Materializer::drop_damaged(*state_, layer);
    error.add_context("layer " + layer.diff_id.str());
    throw;  // it was given as a blob of this layer
  }
  bytes->keep();
}

}  // namespace ibuild::layers
