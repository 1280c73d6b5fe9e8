#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "base/thread_pool.h"
#include "image/manifest.h"
#include "layers/store.h"
#include "tests/unit/layers/layer_samples.h"

/// Small whole images for tests.
namespace ibuild::test {

/// The parts of an image as bytes.
struct SampleImage {
  std::string config;
  std::vector<std::string> tars;   // one a layer
  std::vector<std::string> blobs;  // the tars as gzip
  std::string manifest;

  /// One layer a text, holding a file "content" with that text.
  explicit SampleImage(const std::vector<std::string>& texts, std::string architecture = "amd64");

  image::Descriptor descriptor() const;
  base::Digest diff_id(std::size_t layer) const { return base::sha256_of(tars.at(layer)); }
  base::Digest blob_digest(std::size_t layer) const { return base::sha256_of(blobs.at(layer)); }
  base::Digest config_digest() const { return base::sha256_of(config); }
  /// All bytes into the store, without a name.
  void put_into(const layers::Store& store) const;
};

/// A manifest of any media type, by its bytes.
image::Descriptor describe(std::string_view media_type, std::string_view bytes);

/// Entries of an archive by path, in the order in which they are written.
class ArchiveSample {
 public:
  ArchiveSample& add(const std::string& path, std::string content);
  ArchiveSample& link(const std::string& path, std::string target);
  ArchiveSample& hard_link(const std::string& path, std::string target);
  /// blobs/sha256/<its digest>
  ArchiveSample& add_blob(const std::string& content);
  /// Manifest, config and compressed layers.
  ArchiveSample& add_blobs_of(const SampleImage& image);
  /// index.json of these entries, and oci-layout.
  ArchiveSample& add_index(const std::vector<image::Descriptor>& entries);
  void remove(const std::string& path);

  std::string tar() const;

 private:
  std::vector<Sample> entries_;
};

/// `descriptor` with a reference name as skopeo and podman write it.
image::Descriptor named(image::Descriptor descriptor, const std::string& name);

/// An open store in a scratch directory.
struct StoreFixture {
  StoreFixture();
  std::size_t blob_count() const;
  bool has_blob(const base::Digest& digest) const { return store->content().has(digest); }

  base::TempDir scratch;
  base::ThreadPool pool{1};
  std::unique_ptr<layers::Store> store;
};

}  // namespace ibuild::test
