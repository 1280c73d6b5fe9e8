// See: image-spec/image-index.md; `docker buildx imagetools create` for what sources may be.
#include "builder/remote/index_draft.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/text.h"
#include "builder/remote/remote_documents.h"
#include "image/config.h"
#include "image/manifest.h"
#include "image/media_types.h"

namespace ibuild::remote {

namespace {

namespace media_type = image::media_type;
using builder::AnnotationPlace;
using Part = IndexDraft::Part;

/// BuildKit's: the digest of the image that an attestation is about.
constexpr std::string_view kReferenceDigest = "vnd.docker.reference.digest";

bool is_image_config(std::string_view type) {
  return type == media_type::kOciConfig || type == media_type::kDockerConfig;
}

/// A platform that images are chosen by; not the "unknown" of attestations.
bool is_real(const std::optional<image::Platform>& platform) {
  return platform && !platform->os.empty() && platform->os != "unknown";
}

class Drafter {
 public:
  Drafter(registry::RegistryClient& client, std::stop_token stop)
      : client_(client), stop_(std::move(stop)) {}

  void add(const IndexSource& source) {
    auto fetched = client_.fetch_manifest(source.reference, stop_);
    const auto parsed =
        image::parse_manifest_or_index(fetched.bytes, fetched.descriptor.media_type);
    std::vector<image::Descriptor> entries;
    if (const auto* index = std::get_if<image::Index>(&parsed)) {
      if (source.told && source.told->platform)
        throw base::UsageError(source.reference.familiar() +
                               " is an index: a platform cannot be given to it");
      fetched.descriptor.media_type = index->media_type;
      entries = index->manifests;
      if (index_annotations_.empty()) index_annotations_ = index->annotations;
    } else {
      const auto& manifest = std::get<image::Manifest>(parsed);
      entries.push_back(describe(source, fetched.descriptor, manifest));
    }
    take_over(source.reference, entries);
    last_ = std::move(fetched);
  }

  const registry::FetchedManifest& last() const { return last_; }
  IndexDraft take() { return std::move(draft_); }
  const image::Annotations& index_annotations() const { return index_annotations_; }

 private:
  image::Descriptor describe(const IndexSource& source, image::Descriptor descriptor,
                             const image::Manifest& manifest) {
    descriptor.media_type = manifest.media_type;
    descriptor.artifact_type = manifest.artifact_type;
    if (is_image_config(manifest.config.media_type)) {
      const auto config = read_from_registry(client_, source.reference, stop_)(manifest.config);
      auto platform = image::parse_image_config(config.value()).platform;
      if (!platform.os.empty()) descriptor.platform = image::normalize(std::move(platform));
    }
    if (!source.told) return descriptor;
    if (source.told->platform) descriptor.platform = source.told->platform;
    if (!source.told->artifact_type.empty()) descriptor.artifact_type = source.told->artifact_type;
    for (const auto& [key, value] : source.told->annotations)
      descriptor.annotations.insert_or_assign(key, value);
    return descriptor;
  }

  void take_over(const image::Reference& repository,
                 const std::vector<image::Descriptor>& entries) {
    for (const auto& entry : entries) {
      if (is_real(entry.platform)) remove_for(entry);
    }
    for (const auto& entry : entries) {
      const auto same = std::ranges::find_if(
          draft_.parts, [&](const Part& part) { return part.descriptor.digest == entry.digest; });
      if (same == draft_.parts.end()) {
        draft_.parts.push_back(
            {.source = by_digest(repository, entry.digest), .descriptor = entry});
        continue;
      }
      const auto platform = same->descriptor.platform;
      same->descriptor = entry;
      if (!entry.platform) same->descriptor.platform = platform;
    }
  }

  /// Removes what earlier sources have for the platform of `entry`, and what is said of that.
  void remove_for(const image::Descriptor& entry) {
    const auto platform = image::normalize(*entry.platform);
    std::set<std::string> gone;
    std::erase_if(draft_.parts, [&](const Part& part) {
      const auto& old = part.descriptor;
      if (old.digest == entry.digest || !is_real(old.platform)) return false;
      if (image::normalize(*old.platform) != platform) return false;
      draft_.replaced.push_back(platform.str_with_version() + ": " + old.digest.str());
      gone.insert(old.digest.str());
      return true;
    });
    std::erase_if(draft_.parts, [&](const Part& part) {
      const auto about = part.descriptor.annotations.find(std::string(kReferenceDigest));
      return about != part.descriptor.annotations.end() && gone.contains(about->second);
    });
  }

  registry::RegistryClient& client_;
  const std::stop_token stop_;
  IndexDraft draft_;
  image::Annotations index_annotations_;  // of the first index that has some
  registry::FetchedManifest last_;
};

void annotate(IndexDraft& draft, const std::vector<builder::Annotation>& annotations) {
  for (auto& [source, descriptor] : draft.parts) {
    if (!is_real(descriptor.platform)) continue;
    for (auto& [key, value] :
         builder::annotations_at(AnnotationPlace::manifest_descriptor,
                                 image::normalize(*descriptor.platform), annotations)) {
      descriptor.annotations.insert_or_assign(key, value);
    }
  }
}

void check_places(const std::vector<builder::Annotation>& annotations) {
  for (const auto& one : annotations) {
    if (one.place == AnnotationPlace::index || one.place == AnnotationPlace::manifest_descriptor)
      continue;
    base::UsageError error("the annotation " + base::printable(one.key) +
                           " is for a document that is not made here");
    error.set_hint("use index:NAME=VALUE or manifest-descriptor:NAME=VALUE");
    throw error;
  }
}

registry::FetchedManifest make_index(const IndexDraft& draft, image::Annotations annotations) {
  image::Index index;
  index.annotations = std::move(annotations);
  for (const auto& part : draft.parts) index.manifests.push_back(part.descriptor);
  const bool all_docker = std::ranges::all_of(index.manifests, [](const auto& entry) {
    return entry.media_type == media_type::kDockerManifest && entry.annotations.empty();
  });
  // Docker's list has no annotations.
  index.media_type =
      all_docker && index.annotations.empty() ? media_type::kDockerList : media_type::kOciIndex;
  registry::FetchedManifest made;
  made.bytes = image::to_json(index);
  made.descriptor = image::describe_bytes(index.media_type, made.bytes);
  return made;
}

}  // namespace

IndexDraft draft_index(registry::RegistryClient& client, const IndexRequest& request,
                       std::stop_token stop) {
  check_places(request.annotations);
  Drafter drafter(client, stop);
  for (const auto& source : request.sources) drafter.add(source);
  IndexDraft draft = drafter.take();
  const bool lone =
      request.sources.size() == 1 && request.annotations.empty() && !request.sources.front().told;
  const bool is_index = media_type::is_index(drafter.last().descriptor.media_type);
  if (lone && (is_index || request.lone_image == IndexRequest::LoneImage::stays_as_it_is)) {
    draft.top = drafter.last();
    draft.parts = {
        {.source = by_digest(request.sources.front().reference, draft.top.descriptor.digest),
         .descriptor = draft.top.descriptor}};
    return draft;
  }
  annotate(draft, request.annotations);
  auto annotations = drafter.index_annotations();
  for (auto& [key, value] :
       builder::annotations_at(AnnotationPlace::index, {}, request.annotations)) {
    annotations.insert_or_assign(key, value);
  }
  draft.top = make_index(draft, std::move(annotations));
  return draft;
}

CopyResult push_index(registry::RegistryClient& client, const IndexDraft& draft,
                      const std::vector<image::Reference>& tags, builder::VertexId vertex,
                      builder::EventSink& events, std::stop_token stop) {
  CopyResult all{.copied = draft.top.descriptor};
  std::set<std::string> supplied;
  for (const auto& tag : tags) {
    if (supplied.insert(tag.name()).second) {
      for (const auto& part : draft.parts) {
        if (part.source.name() == tag.name()) continue;
        const auto copied = copy_image(
            client, {.source = part.source, .destination = by_digest(tag, part.descriptor.digest)},
            vertex, events, stop);
        all.sent += copied.sent;
        all.mounted += copied.mounted;
        all.there_already += copied.there_already;
      }
    }
    auto target = tag;
    target.digest.reset();
    client.push_manifest(target, draft.top.descriptor.media_type, draft.top.bytes, stop);
  }
  return all;
}

}  // namespace ibuild::remote
