// Images of an OCI layout in a tar. See: image-spec/image-layout.md.
#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "image/config.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "layers/image_content.h"
#include "layers/image_import.h"
#include "layers/image_names.h"

namespace ibuild::layers {

namespace {

using image::Descriptor;

// Real indexes are two deep at most.
constexpr int kMaxIndexDepth = 4;
constexpr std::size_t kMaxManifests = 10000;

/// Collects what images need, and checks it.
class OciPlanner {
 public:
  OciPlanner(const StagedArchive& archive, const ContentStore& content)
      : archive_(archive), content_(content) {}

  void add_image(const Descriptor& entry) {
    if (const auto missing = add_document(entry, 0)) {
      throw base::ContentError("the archive lacks " + missing->str() + ", which image " +
                               entry.digest.str() + " needs");
    }
    auto same = std::find_if(plan_.images.begin(), plan_.images.end(), [&](const auto& image) {
      return image.descriptor.digest == entry.digest;
    });
    if (same == plan_.images.end()) {
      plan_.images.push_back({.names = {}, .descriptor = without_name(entry)});
      same = plan_.images.end() - 1;
    }
    if (auto name = reference_of(entry)) same->names.push_back(std::move(*name));
  }

  ImportPlan take() { return std::move(plan_); }

 private:
  using Missing = std::optional<base::Digest>;

  /// What is missing of a manifest or index, if anything is. Only what is whole is added to the
  /// plan.
  Missing add_document(const Descriptor& document, int depth) {
    if (depth > kMaxIndexDepth)
      throw base::ContentError("the indexes in the archive are nested too deep");
    if (++documents_ > kMaxManifests)
      throw base::ContentError("the archive has too many manifests");
    if (!is_there(document)) return document.digest;
    const std::string json = read(document);
    const auto parsed = image::parse_manifest_or_index(json, document.media_type);
    const auto* index = std::get_if<image::Index>(&parsed);
    const auto missing = index != nullptr ? add_children(*index, depth)
                                          : add_parts(std::get<image::Manifest>(parsed));
    if (!missing) add_blob(document);
    return missing;
  }

  /// An index may name platforms that were not saved, but one must be there.
  Missing add_children(const image::Index& index, int depth) {
    Missing first_missing;
    bool has_one = index.manifests.empty();
    for (const Descriptor& child : index.manifests) {
      const auto missing = add_document(child, depth + 1);
      has_one = has_one || !missing;
      if (!first_missing) first_missing = missing;
    }
    return has_one ? std::nullopt : first_missing;
  }

  Missing add_parts(const image::Manifest& manifest) {
    if (!is_there(manifest.config)) return manifest.config.digest;
    for (const Descriptor& layer : manifest.layers) {
      if (layer.urls.empty() && !is_there(layer)) return layer.digest;
    }
    if (is_image_config(manifest.config.media_type)) check_config(manifest);
    for (const Descriptor& layer : manifest.layers) add_blob(layer);
    add_blob(manifest.config);
    return {};
  }

  void check_config(const image::Manifest& manifest) {
    const auto config = image::parse_image_config(read(manifest.config));
    if (config.diff_ids.size() == manifest.layers.size()) return;
    throw base::ContentError("image config " + manifest.config.digest.str() + " names " +
                             std::to_string(config.diff_ids.size()) + " layers, its manifest " +
                             std::to_string(manifest.layers.size()));
  }

  const StagedArchive::File* find(const Descriptor& blob) const {
    return archive_.find("blobs/" + std::string(blob.digest.algorithm()) + "/" +
                         std::string(blob.digest.hex()));
  }

  /// Throws when something else is there under the blob's name.
  bool is_there(const Descriptor& blob) const {
    if (blob.digest.algorithm() != "sha256") {
      throw base::ContentError("blob " + blob.digest.str() + ": only sha256 digests can be stored");
    }
    const auto* file = find(blob);
    if (file == nullptr) return content_.has_exact(blob.digest, blob.size_bytes);
    if (file->digest != blob.digest) {
      throw base::ContentError("a blob in the archive is not what it is named", blob.digest.str(),
                               file->digest.str());
    }
    if (file->size_bytes != blob.size_bytes) {
      throw base::ContentError("the size of blob " + blob.digest.str(),
                               std::to_string(blob.size_bytes), std::to_string(file->size_bytes));
    }
    return true;
  }

  /// Requires: is_there().
  std::string read(const Descriptor& blob) const {
    const auto* file = find(blob);
    return file != nullptr ? archive_.read_text(*file, image::kMaxManifestBytes)
                           : content_.read(blob.digest, image::kMaxManifestBytes);
  }

  void add_blob(const Descriptor& blob) {
    const auto* file = find(blob);
    if (file != nullptr && added_.insert(blob.digest).second) plan_.blobs.push_back(file);
  }

  const StagedArchive& archive_;
  const ContentStore& content_;
  ImportPlan plan_;
  std::set<base::Digest> added_;
  std::size_t documents_ = 0;
};

}  // namespace

ImportPlan plan_oci_import(const StagedArchive& archive, const StagedArchive::File& index,
                           const ContentStore& content) {
  const std::string json = archive.read_text(index, image::kMaxManifestBytes);
  OciPlanner planner(archive, content);
  for (const Descriptor& entry : image::parse_index(json).manifests) planner.add_image(entry);
  return planner.take();
}

}  // namespace ibuild::layers
