#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/thread_pool.h"
#include "layers/content_store.h"
#include "layers/layer_entry.h"
#include "layers/layer_index.h"
#include "layers/layer_store.h"

namespace ibuild::test {

/// An entry and, for a file, its bytes.
struct Sample {
  layers::LayerEntry entry;
  std::string content;
};

Sample file(std::string_view path, std::string content = {}, std::uint32_t mode = 0644);
Sample directory(std::string_view path, std::uint32_t mode = 0755);
Sample symlink(std::string_view path, std::string target);
Sample hardlink(std::string_view path, std::string target);
Sample device(std::string_view path, layers::EntryType type, std::uint32_t major,
              std::uint32_t minor);
Sample fifo(std::string_view path);
Sample whiteout(std::string_view path);
Sample opaque(std::string_view path);

/// In walk order, as LayerBuilder wants them.
std::vector<Sample> sorted(std::vector<Sample> samples);
/// The entries alone, owned by whoever runs the test, so that they can be unpacked without rights.
std::vector<layers::LayerEntry> entries_of(const std::vector<Sample>& samples);
layers::LayerIndex index_of(const std::vector<Sample>& samples);
std::shared_ptr<const layers::LayerIndex> shared_index_of(const std::vector<Sample>& samples);
/// What TarWriter makes of them.
std::string tar_of(const std::vector<Sample>& samples);
/// Names, one a line, with a mark for the type: "d usr", "f usr/a", "w gone".
std::string listing(const layers::LayerIndex& index);

/// True when layers can be unpacked here; else says why not, see can_run.
[[nodiscard]] bool can_unpack();

/// An empty store of layers and blobs in a scratch directory.
class LayerStoreFixture {
 public:
  LayerStoreFixture();
  const base::DirFd& root() const { return scratch_.dir(); }
  const base::DirFd& temp() const { return temp_; }
  const layers::ContentStore& content() const { return content_; }
  const layers::LayerStore& layers() const { return layers_; }
  base::ThreadPool& pool() { return pool_; }
  /// A second store object on the same directories, as another process would have it.
  std::unique_ptr<layers::LayerStore> open_again();
  /// A layer made by LayerBuilder.
  layers::Layer build(const std::vector<Sample>& samples) const;
  /// layers/<diff-id>/<form>
  base::RelPath form_path(const layers::Layer& layer, std::string_view form) const;
  bool has_form(const layers::Layer& layer, std::string_view form) const;
  /// Nothing may be left in tmp/ when all is done.
  bool temp_is_empty() const;

 private:
  base::TempDir scratch_;
  base::DirFd layers_dir_;
  base::DirFd temp_;
  base::DirFd locks_;
  base::ThreadPool pool_;
  layers::ContentStore content_;
  layers::LayerStore layers_;
};

/// Gives blobs out of memory and counts how often.
class FakeProvider : public layers::BlobProvider {
 public:
  explicit FakeProvider(std::string bytes) : bytes_(std::move(bytes)) {}
  void fetch(const image::Descriptor& blob, base::DigestSink& out, std::stop_token stop) override;
  int fetches() const { return fetches_; }

 private:
  std::string bytes_;
  std::atomic<int> fetches_ = 0;
};

/// A layer whose blob only a provider has.
layers::Layer remote_layer(const std::string& tar, std::string blob_bytes, std::string media_type);

}  // namespace ibuild::test
