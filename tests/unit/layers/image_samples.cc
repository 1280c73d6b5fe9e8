#include "tests/unit/layers/image_samples.h"

#include "image/config.h"
#include "image/media_types.h"
#include "image/oci_layout.h"
#include "tests/support/scratch_dir.h"
#include "tests/unit/layers/sample_bytes.h"

namespace ibuild::test {

namespace media_type = image::media_type;

image::Descriptor describe(std::string_view type, std::string_view bytes) {
  return {.media_type = std::string(type),
          .digest = base::sha256_of(bytes),
          .size_bytes = bytes.size()};
}

image::Descriptor named(image::Descriptor descriptor, const std::string& name) {
  descriptor.annotations["org.opencontainers.image.ref.name"] = name;
  return descriptor;
}

SampleImage::SampleImage(const std::vector<std::string>& texts, std::string architecture) {
  image::ImageConfig described{
      .platform = {.os = "linux", .architecture = std::move(architecture)}};
  image::Manifest contents{.media_type = std::string(media_type::kOciManifest)};
  for (const auto& text : texts) {
    tars.push_back(tar_of({file("content", text)}));
    blobs.push_back(compress({.type = layers::LayerCompression::gzip, .level = {}}, tars.back()));
    described.diff_ids.push_back(base::sha256_of(tars.back()));
    contents.layers.push_back(describe(media_type::kOciLayerGzip, blobs.back()));
  }
  config = image::to_json(described);
  contents.config = describe(media_type::kOciConfig, config);
  manifest = image::to_json(contents);
}

image::Descriptor SampleImage::descriptor() const {
  return describe(media_type::kOciManifest, manifest);
}

void SampleImage::put_into(const layers::Store& store) const {
  for (const auto& blob : blobs) store.content().put(blob);
  store.content().put(config);
  store.content().put(manifest);
}

ArchiveSample& ArchiveSample::add(const std::string& path, std::string content) {
  entries_.push_back(file(path, std::move(content)));
  return *this;
}

ArchiveSample& ArchiveSample::link(const std::string& path, std::string target) {
  entries_.push_back(symlink(path, std::move(target)));
  return *this;
}

ArchiveSample& ArchiveSample::hard_link(const std::string& path, std::string target) {
  entries_.push_back(hardlink(path, std::move(target)));
  return *this;
}

ArchiveSample& ArchiveSample::add_blob(const std::string& content) {
  return add("blobs/sha256/" + std::string(base::sha256_of(content).hex()), content);
}

ArchiveSample& ArchiveSample::add_blobs_of(const SampleImage& image) {
  for (const auto& blob : image.blobs) add_blob(blob);
  return add_blob(image.config).add_blob(image.manifest);
}

ArchiveSample& ArchiveSample::add_index(const std::vector<image::Descriptor>& entries) {
  const image::Index index{.media_type = std::string(media_type::kOciIndex), .manifests = entries};
  return add("index.json", image::to_json(index))
      .add(std::string(image::kOciLayoutFile), std::string(image::kOciLayoutJson));
}

void ArchiveSample::remove(const std::string& path) {
  std::erase_if(entries_, [&](const Sample& sample) { return sample.entry.path.str() == path; });
}

std::string ArchiveSample::tar() const { return tar_of(entries_); }

StoreFixture::StoreFixture()
    : scratch(make_scratch_dir()),
      store(layers::Store::open(scratch.host_path() + "/store", pool)) {}

std::size_t StoreFixture::blob_count() const {
  return base::list_dir(store->root(), base::RelPath::exact("blobs/sha256")).size();
}

}  // namespace ibuild::test
