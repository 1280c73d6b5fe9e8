// See: image-spec/image-layout.md, docs/design/exported_cache_format.md.
#include "builder/cache/layout_cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "base/text.h"
#include "builder/cache/cache_document.h"
#include "image/media_types.h"
#include "image/oci_layout.h"

namespace ibuild::builder {
namespace {

using base::RelPath;

constexpr std::uint64_t kMaxIndexBytes = 4 << 20;
constexpr std::uint64_t kMaxMarkerBytes = 4096;
constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
constexpr std::string_view kIndexName = "index.json";

RelPath blob_path(const base::Digest& digest) {
  return RelPath::exact("blobs/" + std::string(digest.algorithm()) + "/" +
                        std::string(digest.hex()));
}

std::string read_document(const base::DirFd& dir, const base::Digest& digest, std::uint64_t cap) {
  auto bytes = base::read_file_at(dir, blob_path(digest), cap);
  if (base::sha256_of(bytes) != digest)
    throw base::ContentError("blob " + digest.str() + " is damaged");
  return bytes;
}

class LayoutBlobs : public layers::BlobProvider {
 public:
  explicit LayoutBlobs(base::DirFd dir) : dir_(std::move(dir)) {}
  void fetch(const image::Descriptor& blob, base::DigestSink& out, std::stop_token stop) override {
    const auto fd = base::open_at(dir_, blob_path(blob.digest), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
      throw base::ContentError("it is no file");
    base::FdSource source(fd.get());
    std::vector<std::byte> buffer(256 << 10);
    while (const auto count = source.read(buffer)) {
      if (stop.stop_requested()) throw base::CancelledError();
      out.write(std::span(buffer).first(count));
    }
  }

 private:
  base::DirFd dir_;
};

std::string tag_of(const image::Descriptor& entry) {
  const auto tag = entry.annotations.find(std::string(kRefName));
  return tag == entry.annotations.end() ? "" : tag->second;
}

class LayoutCache : public CacheSource {
 public:
  explicit LayoutCache(CachePlace place) : place_(std::move(place)) {}
  std::string name() const override { return base::printable(place_.directory); }

  std::optional<Content> load(const image::Platform&, std::stop_token) override {
    struct stat info {};
    if (::stat(place_.directory.c_str(), &info) != 0 && errno == ENOENT) return std::nullopt;
    const auto dir = base::DirFd::open(place_.directory);
    const auto marker =
        base::try_read_file_at(dir, RelPath::exact(image::kOciLayoutFile), kMaxMarkerBytes);
    if (!marker) return std::nullopt;
    image::check_oci_layout(*marker);
    const auto top = find_manifest(dir);
    if (!top) return std::nullopt;
    const auto manifest = image::parse_manifest(read_document(dir, *top, image::kMaxManifestBytes),
                                                image::media_type::kOciManifest);
    check_may_hold_cache(manifest);
    auto bundle = read_cache_document(
        manifest, read_document(dir, manifest.config.digest, kMaxCacheIndexBytes));
    if (!bundle) return std::nullopt;
    return Content{*std::move(bundle), std::make_shared<LayoutBlobs>(dir.dup())};
  }

 private:
  std::optional<base::Digest> find_manifest(const base::DirFd& dir) const {
    if (place_.digest) return place_.digest;
    const auto text = base::try_read_file_at(dir, RelPath::exact(kIndexName), kMaxIndexBytes);
    if (!text) return std::nullopt;
    for (const auto& entry : image::parse_index(*text).manifests) {
      if (tag_of(entry) == place_.tag) return entry.digest;
    }
    return std::nullopt;
  }

  CachePlace place_;
};

bool has_exact(const base::DirFd& dir, const image::Descriptor& blob) {
  const auto info = base::try_lstat_at(dir, blob_path(blob.digest));
  return info && S_ISREG(info->st_mode) &&
         static_cast<std::uint64_t>(info->st_size) == blob.size_bytes;
}

void write_blob(const base::DirFd& dir, const image::Descriptor& blob, base::ByteSource& bytes) {
  if (has_exact(dir, blob)) return;
  base::AtomicFile file(dir, blob_path(blob.digest));
  base::copy_stream(bytes, file);
  file.commit();
}

void write_text(const base::DirFd& dir, const image::Descriptor& blob, std::string_view text) {
  base::StringSource source(text);
  write_blob(dir, blob, source);
}

/// The index with the cache under its tag. What was there under other tags stays; what cannot be
/// read is replaced.
image::Index updated_index(const base::DirFd& dir, const CachePlace& place,
                           const image::Descriptor& manifest) {
  image::Index index;
  try {
    const auto text = base::try_read_file_at(dir, RelPath::exact(kIndexName), kMaxIndexBytes);
    if (text) index = image::parse_index(*text);
  } catch (const base::ContentError&) {
    index = {};
  }
  index.media_type = image::media_type::kOciIndex;
  std::erase_if(index.manifests, [&](const auto& entry) { return tag_of(entry) == place.tag; });
  auto entry = manifest;
  entry.annotations[std::string(kRefName)] = place.tag;
  index.manifests.push_back(std::move(entry));
  return index;
}

}  // namespace

std::unique_ptr<CacheSource> open_layout_cache(const CachePlace& place) {
  return std::make_unique<LayoutCache>(place);
}

void write_layout_cache(const CachePlace& place, const BuiltImage& cache,
                        const layers::ContentStore& content) {
  base::make_host_dirs(place.directory);
  const auto dir = base::DirFd::open(place.directory);
  base::make_dirs(dir, RelPath::exact("blobs/sha256"));
  for (const auto& layer : cache.layers) {
    if (has_exact(dir, *layer.blob)) continue;
    const auto fd = content.open(layer.blob->digest);
    base::FdRangeSource source(fd.get(), 0, layer.blob->size_bytes);
    write_blob(dir, *layer.blob, source);
  }
  write_text(dir, cache.config, cache.config_json);
  write_text(dir, cache.manifest, cache.manifest_json);
  base::write_file_atomically(dir, RelPath::exact(image::kOciLayoutFile), image::kOciLayoutJson);
  base::write_file_atomically(dir, RelPath::exact(kIndexName),
                              image::to_json(updated_index(dir, place, cache.manifest)));
}

}  // namespace ibuild::builder
