#include "builder/export/image_layout.h"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "layers/tar_writer.h"

namespace ibuild::builder {

namespace {

constexpr std::string_view kLayoutFile = R"({"imageLayoutVersion":"1.0.0"})";

std::string blob_path(const base::Digest& digest) {
  return "blobs/" + std::string(digest.algorithm()) + "/" + std::string(digest.hex());
}

/// One entry a name, as containerd and BuildKit annotate them; one bare entry without a name.
void add_entries(const NamedImages& image, std::vector<image::Descriptor>& entries) {
  for (const image::Reference& name : image.names) {
    image::Descriptor entry = image.built.top;
    entry.annotations["io.containerd.image.name"] = name.str();
    if (!name.tag.empty()) entry.annotations["org.opencontainers.image.ref.name"] = name.tag;
    entries.push_back(std::move(entry));
  }
  if (image.names.empty()) entries.push_back(image.built.top);
}

std::string layout_index(std::span<const NamedImages> images) {
  image::Index index;
  index.media_type = image::media_type::kOciIndex;
  for (const auto& image : images) add_entries(image, index.manifests);
  return image::to_json(index);
}

nlohmann::ordered_json docker_entry(const BuiltImage& image,
                                    const std::vector<image::Reference>& names) {
  nlohmann::ordered_json entry;
  entry["Config"] = blob_path(image.config.digest);
  entry["RepoTags"] = nlohmann::ordered_json::array();
  for (const image::Reference& name : names) {
    if (!name.tag.empty()) entry["RepoTags"].push_back(name.familiar());
  }
  entry["Layers"] = nlohmann::ordered_json::array();
  for (const layers::Layer& layer : image.layers)
    entry["Layers"].push_back(blob_path(layer.blob->digest));
  return entry;
}

/// See: moby's image/tarexport, the archive of `docker save`.
std::string docker_manifest_json(std::span<const NamedImages> images) {
  auto entries = nlohmann::ordered_json::array();
  for (const auto& image : images)
    entries.push_back(docker_entry(image.built.images.at(0), image.names));
  return entries.dump();
}

void add_text(LayoutSink& out, const std::string& path, std::string_view text) {
  base::StringSource source(text);
  out.add_file(path, source, text.size());
}

/// A blob of the store, checked with its last byte: what is damaged there does not leave it, and is
/// removed.
class StoredBlob : public base::ByteSource {
 public:
  StoredBlob(const layers::ContentStore& content, const base::Digest& digest,
             std::uint64_t size_bytes)
      : content_(content),
        digest_(digest),
        left_(size_bytes),
        fd_(content.open(digest)),
        bytes_(fd_.get(), 0, left_) {}

  std::size_t read(std::span<std::byte> buffer) override {
    const auto count = bytes_.read(buffer);
    hash_.update(buffer.first(count));
    left_ -= count;
    if (count > 0 && left_ == 0 && base::Digest(hash_.finish()) != digest_)
      content_.throw_damaged(digest_);
    return count;
  }

 private:
  const layers::ContentStore& content_;
  const base::Digest& digest_;
  std::uint64_t left_;
  base::UniqueFd fd_;
  base::FdRangeSource bytes_;
  base::Sha256 hash_;
};

/// The blobs of a layout: those held as text, and the sizes of all.
struct LayoutBlobs {
  std::map<base::Digest, std::string_view> small;
  std::map<base::Digest, std::uint64_t> sizes;

  void add(const BuiltImages& built) {
    if (!built.index_json.empty()) add_text(built.top.digest, built.index_json);
    for (const auto& said : built.attestations) {
      add_text(said.manifest.descriptor.digest, said.manifest.bytes);
      for (const auto& blob : said.blobs) add_text(blob.descriptor.digest, blob.bytes);
    }
    for (const auto& image : built.images) {
      add_text(image.config.digest, image.config_json);
      add_text(image.manifest.digest, image.manifest_json);
      for (const layers::Layer& layer : image.layers)
        sizes.emplace(layer.blob->digest, layer.blob->size_bytes);
    }
  }

 private:
  void add_text(const base::Digest& digest, std::string_view text) {
    small[digest] = text;
    sizes[digest] = text.size();
  }
};

void add_blobs(LayoutSink& out, std::span<const NamedImages> images,
               const layers::ContentStore& content) {
  LayoutBlobs blobs;
  for (const auto& image : images) blobs.add(image.built);
  for (const auto& [digest, size_bytes] : blobs.sizes) {
    if (const auto text = blobs.small.find(digest); text != blobs.small.end()) {
      add_text(out, blob_path(digest), text->second);
      continue;
    }
    StoredBlob source(content, digest, size_bytes);
    out.add_file(blob_path(digest), source, size_bytes);
  }
}

}  // namespace

void write_image_layout(LayoutSink& out, std::span<const NamedImages> images, DockerManifest docker,
                        const layers::ContentStore& content) {
  out.add_directory("blobs");
  out.add_directory("blobs/sha256");
  add_blobs(out, images, content);
  add_text(out, "index.json", layout_index(images));
  if (docker == DockerManifest::beside_layout) {
    add_text(out, "manifest.json", docker_manifest_json(images));
  }
  add_text(out, "oci-layout", kLayoutFile);
}

struct TarLayoutSink::Writer {
  explicit Writer(base::ByteSink& out) : tar(out) {}
  layers::TarWriter tar;
};

TarLayoutSink::TarLayoutSink(base::ByteSink& out) : writer_(std::make_unique<Writer>(out)) {}

TarLayoutSink::~TarLayoutSink() = default;

void TarLayoutSink::add_directory(const std::string& path) {
  layers::LayerEntry entry;
  entry.path = base::RelPath::exact(path);
  entry.type = layers::EntryType::directory;
  entry.mode = 0755;
  writer_->tar.add(entry, nullptr);
}

void TarLayoutSink::add_file(const std::string& path, base::ByteSource& data,
                             std::uint64_t size_bytes) {
  layers::LayerEntry entry;
  entry.path = base::RelPath::exact(path);
  entry.type = layers::EntryType::file;
  entry.mode = 0644;
  entry.size_bytes = size_bytes;
  writer_->tar.add(entry, &data);
}

void TarLayoutSink::finish() { writer_->tar.finish(); }

void DirectoryLayoutSink::add_directory(const std::string& path) {
  base::make_dirs(dir_, base::RelPath::exact(path));
}

void DirectoryLayoutSink::add_file(const std::string& path, base::ByteSource& data, std::uint64_t) {
  base::AtomicFile file(dir_, base::RelPath::exact(path));
  base::copy_stream(data, file);
  file.commit();
}

}  // namespace ibuild::builder
