#include "builder/remote/manifest_choice.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "image/config.h"
#include "image/media_types.h"

namespace ibuild::remote {

namespace {

using Candidate = PlatformManifest;

/// Collects the manifests below an index with their platforms.
class Collector {
 public:
  explicit Collector(const DocumentReader& read) : read_(read) {}

  /// False when a document is not there; what is there is collected all the same.
  bool add_index(const image::Index& index, int depth) {
    if (depth > kMaxIndexDepth) {
      throw base::ContentError("image indexes are nested more than " +
                               std::to_string(kMaxIndexDepth) + " levels deep");
    }
    bool complete = true;
    for (const auto& entry : index.manifests) complete = add_entry(entry, depth) && complete;
    return complete;
  }
  bool add_top(const image::Descriptor& top, const image::Manifest& manifest) {
    return add_by_config(top, manifest);
  }
  const std::vector<Candidate>& candidates() const { return candidates_; }

 private:
  bool add_entry(const image::Descriptor& entry, int depth) {
    const bool nested = image::media_type::is_index(entry.media_type);
    if (entry.platform && !nested) {
      candidates_.push_back({entry, image::normalize(*entry.platform)});
      return true;
    }
    if (!nested && !image::media_type::is_manifest(entry.media_type)) return true;  // no image
    const auto text = read(entry);
    if (!text) return false;
    if (nested) return add_index(image::parse_index(*text, entry.media_type), depth + 1);
    return add_by_config(entry, image::parse_manifest(*text, entry.media_type));
  }

  bool add_by_config(const image::Descriptor& entry, const image::Manifest& manifest) {
    if (manifest.config.media_type != image::media_type::kOciConfig &&
        manifest.config.media_type != image::media_type::kDockerConfig) {
      return true;  // an artifact
    }
    const auto config = read(manifest.config);
    if (!config) return false;
    candidates_.push_back({entry, image::normalize(image::parse_image_config(*config).platform)});
    return true;
  }

  std::optional<std::string> read(const image::Descriptor& document) {
    if (++documents_ > kMaxDocuments) {
      throw base::ContentError("more than " + std::to_string(kMaxDocuments) +
                               " documents would have to be read to choose from the image index");
    }
    return read_(document);
  }

  const DocumentReader& read_;
  std::vector<Candidate> candidates_;
  int documents_ = 0;
};

std::string list_platforms(const std::vector<Candidate>& candidates) {
  std::vector<std::string> names;
  for (const auto& candidate : candidates) {
    if (candidate.platform.os != "unknown") names.push_back(candidate.platform.str());
  }
  return names.empty() ? "none at all" : base::join(names, ", ");
}

std::vector<image::Platform> platforms_of(const std::vector<Candidate>& candidates) {
  std::vector<image::Platform> platforms;
  platforms.reserve(candidates.size());
  for (const auto& candidate : candidates) platforms.push_back(candidate.platform);
  return platforms;
}

}  // namespace

std::optional<ChosenManifest> choose_manifest(const image::Descriptor& top,
                                              const image::Platform& platform,
                                              const DocumentReader& read) {
  const auto text = read(top);
  if (!text) return std::nullopt;
  auto document = image::parse_manifest_or_index(*text, top.media_type);
  if (auto* manifest = std::get_if<image::Manifest>(&document)) {
    return ChosenManifest{top, std::move(*manifest)};
  }
  Collector collector(read);
  if (!collector.add_index(std::get<image::Index>(document), 1)) return std::nullopt;
  const auto best = image::best_match(platform, platforms_of(collector.candidates()));
  if (!best) {
    throw base::Error("the image has no variant for " + platform.str() + "; it offers " +
                      list_platforms(collector.candidates()));
  }
  const auto& descriptor = collector.candidates()[*best].descriptor;
  const auto chosen = read(descriptor);
  if (!chosen) return std::nullopt;
  return ChosenManifest{descriptor, image::parse_manifest(*chosen, descriptor.media_type)};
}

std::vector<PlatformManifest> list_manifests(const image::Descriptor& top,
                                             const DocumentReader& read) {
  const auto text = read(top);
  if (!text) return {};
  const auto document = image::parse_manifest_or_index(*text, top.media_type);
  Collector collector(read);
  if (const auto* manifest = std::get_if<image::Manifest>(&document)) {
    collector.add_top(top, *manifest);
  } else {
    collector.add_index(std::get<image::Index>(document), 1);
  }
  auto found = collector.candidates();
  std::erase_if(found, [](const auto& candidate) { return candidate.platform.os == "unknown"; });
  return found;
}

}  // namespace ibuild::remote
