// See: image-spec/annotations.md for what tells an image's base.
#include "builder/remote/rebase_image.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"
#include "builder/assemble_image.h"
#include "builder/attest/attestation_manifest.h"
#include "builder/remote/base_image.h"
#include "builder/remote/blob_copier.h"
#include "builder/remote/parallel.h"
#include "builder/remote/remote_documents.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "image/rebase.h"

namespace ibuild::remote {

namespace {

namespace media_type = image::media_type;

constexpr const char* kBaseName = "org.opencontainers.image.base.name";
constexpr const char* kBaseDigest = "org.opencontainers.image.base.digest";

/// A name, and what stands under it now.
struct Source {
  image::Reference reference;  // as it was given
  registry::FetchedManifest top;

  image::Reference at(const image::Descriptor& document) const {
    return by_digest(reference, document.digest);
  }
};

std::string find_annotation(const image::Annotations& first, const image::Annotations& second,
                            const char* key) {
  for (const auto* annotations : {&first, &second}) {
    if (const auto found = annotations->find(key); found != annotations->end())
      return found->second;
  }
  return {};
}

/// What annotations say that the base was; throws when they say nothing that can be used.
image::Reference told_base(const std::string& name, const std::string& digest,
                           const std::string& image) {
  if (name.empty()) {
    base::Error error("nothing tells what " + image + " was built on (it has no annotation " +
                      kBaseName + ")");
    error.set_hint("name it with --old-base");
    throw error;
  }
  auto reference = image::with_default_tag(image::parse_reference(name));
  if (digest.empty()) return reference;
  const auto parsed = base::Digest::try_parse(digest);
  if (!parsed)
    throw base::ContentError("the annotation " + std::string(kBaseDigest) + " of " + image +
                             " is no digest: " + base::printable(digest));
  return by_digest(std::move(reference), *parsed);
}

void check_layers(const builder::BaseImage& image) {
  const auto& manifest = image.manifest;
  if (manifest.subject || !manifest.artifact_type.empty())
    throw base::Error(image.reference.familiar() +
                      " is an artifact, or refers to another image: it cannot be rebased");
  if (std::ranges::any_of(manifest.layers, is_nondistributable))
    throw base::Error(image.reference.familiar() +
                      " has layers that must not be distributed: it cannot be rebased");
}

/// Docker's manifests have no zstd.
builder::ImageFormat format_for(const image::Manifest& manifest, const layers::LayerChain& layers) {
  const bool docker = manifest.media_type == media_type::kDockerManifest;
  const bool zstd = std::ranges::any_of(layers, [](const auto& layer) {
    return media_type::layer_compression(layer.blob->media_type) ==
           media_type::LayerCompression::zstd;
  });
  return docker && !zstd ? builder::ImageFormat::docker : builder::ImageFormat::oci;
}

image::RebasePart part_of(const builder::BaseImage& image) {
  return {.name = image.reference.familiar(), .config = image.config};
}

class Drafter {
 public:
  Drafter(registry::RegistryClient& client, const RebaseRequest& request, std::stop_token stop)
      : client_(client), request_(request), stop_(std::move(stop)) {}

  RebaseDraft draft() {
    const Source source = find_image();
    new_base_ = fetch(request_.onto);
    draft_.source = request_.image;
    const auto parsed =
        image::parse_manifest_or_index(source.top.bytes, source.top.descriptor.media_type);
    const auto* const index = std::get_if<image::Index>(&parsed);
    if (index != nullptr && !request_.platform) {
      rebase_index(source, *index);
    } else {
      const auto& annotations = index != nullptr ? index->annotations : image::Annotations{};
      draft_.top = rebase(load(source, request_.platform), annotations);
    }
    return std::move(draft_);
  }

 private:
  Source fetch(const image::Reference& reference) {
    return {.reference = reference, .top = client_.fetch_manifest(reference, stop_)};
  }

  /// As the registry itself has it: it may be written under the same name.
  Source find_image() {
    const auto standing = client_.resolve_for_push(request_.image, stop_);
    if (!standing) throw base::Error("there is no " + request_.image.familiar());
    Source source = fetch(by_digest(request_.image, standing->digest));
    source.reference = request_.image;
    return source;
  }

  builder::BaseImage load(const Source& source, const std::optional<image::Platform>& platform) {
    const auto read_more = read_from_registry(client_, source.reference, stop_);
    const DocumentReader read =
        [&](const image::Descriptor& document) -> std::optional<std::string> {
      const auto& top = source.top;
      return document.digest == top.descriptor.digest ? top.bytes : read_more(document);
    };
    const auto wanted = platform.value_or(image::host_platform());
    auto chosen = choose_manifest(source.top.descriptor, wanted, read).value();
    check_has_image_config(chosen.manifest);
    const auto config = read(chosen.manifest.config).value();
    auto image = make_base_image(source.reference, std::move(chosen), config);
    check_layers(image);
    if (platform &&
        !image::matches(image::normalize(*platform), image::normalize(image.config.platform)))
      throw base::Error(source.reference.familiar() + " is for " + image.config.platform.str() +
                        ", not for " + platform->str());
    return image;
  }

  /// The base that `image` was built on; all images of an index have one mostly.
  const Source& old_base_of(const builder::BaseImage& image, const image::Annotations& outer) {
    const auto& annotations = image.manifest.annotations;
    const auto wanted = request_.old_base
                            ? *request_.old_base
                            : told_base(find_annotation(annotations, outer, kBaseName),
                                        find_annotation(annotations, outer, kBaseDigest),
                                        image.reference.familiar());
    if (!old_base_ || old_base_->reference != wanted) old_base_ = fetch(wanted);
    return *old_base_;
  }

  registry::FetchedManifest rebase(const builder::BaseImage& image,
                                   const image::Annotations& outer) {
    const auto platform = image::normalize(image.config.platform);
    const auto old_base = load(old_base_of(image, outer), platform);
    const auto new_base = load(new_base_, platform);
    auto rebased = image::rebase_config(part_of(image), part_of(old_base), part_of(new_base));

    auto layers = new_base.layers;
    layers.insert(layers.end(),
                  image.layers.begin() + static_cast<std::ptrdiff_t>(old_base.layers.size()),
                  image.layers.end());
    const auto format = format_for(image.manifest, layers);
    auto annotations = image.manifest.annotations;
    if (format == builder::ImageFormat::oci) tell_base(annotations, new_base.digest);
    auto built =
        builder::assemble_image(rebased.config, std::move(layers), format, std::move(annotations));
    registry::FetchedManifest made;
    made.bytes = built.manifest_json;
    made.descriptor = image::describe_bytes(built.manifest.media_type, made.bytes);
    draft_.images.push_back({.built = std::move(built),
                             .base_layers = new_base.layers.size(),
                             .old_base = by_digest(old_base.reference, old_base.digest),
                             .new_base = by_digest(new_base.reference, new_base.digest),
                             .kept = std::move(rebased.kept)});
    return made;
  }

  void tell_base(image::Annotations& annotations, const base::Digest& digest) const {
    auto name = request_.onto;
    if (!name.tag.empty()) name.digest.reset();
    annotations.insert_or_assign(kBaseName, name.str());
    annotations.insert_or_assign(kBaseDigest, digest.str());
  }

  void rebase_index(const Source& source, image::Index index) {
    const auto outer = index.annotations;
    std::vector<image::Descriptor> entries;
    for (auto& entry : index.manifests) {
      if (builder::is_attestation(entry)) {
        draft_.left_out.push_back(entry.digest);
        continue;
      }
      entries.push_back(rebase_entry(source, std::move(entry), outer));
    }
    if (entries.empty()) throw base::Error(source.reference.familiar() + " has no images");
    index.manifests = std::move(entries);
    const bool all_docker = std::ranges::all_of(index.manifests, [](const auto& entry) {
      return entry.media_type == media_type::kDockerManifest;
    });
    if (!all_docker) index.media_type = media_type::kOciIndex;
    if (index.annotations.contains(kBaseName) || index.annotations.contains(kBaseDigest))
      tell_base(index.annotations, new_base_.top.descriptor.digest);
    draft_.top.bytes = image::to_json(index);
    draft_.top.descriptor = image::describe_bytes(index.media_type, draft_.top.bytes);
  }

  image::Descriptor rebase_entry(const Source& source, image::Descriptor entry,
                                 const image::Annotations& outer) {
    if (!media_type::is_manifest(entry.media_type) || !entry.platform) {
      base::Error error(source.reference.familiar() + " holds " + entry.digest.str() +
                        ", which is no image of a platform");
      error.set_hint("rebase one of its images with --platform");
      throw error;
    }
    Source one = fetch(source.at(entry));
    one.reference = source.reference;
    const auto made = rebase(load(one, entry.platform), outer).descriptor;
    entry.media_type = made.media_type;
    entry.digest = made.digest;
    entry.size_bytes = made.size_bytes;
    return entry;
  }

  registry::RegistryClient& client_;
  const RebaseRequest& request_;
  const std::stop_token stop_;
  Source new_base_;
  std::optional<Source> old_base_;
  RebaseDraft draft_;
};

class Pusher {
 public:
  Pusher(registry::RegistryClient& client, const RebaseDraft& draft, BlobCopier& blobs)
      : client_(client), draft_(draft), blobs_(blobs) {}

  void push(const image::Reference& name, std::stop_token stop) {
    if (pushed_.insert(name.name()).second) {
      push_blobs(name, stop);
      for (const auto& image : draft_.images) {
        const auto& manifest = image.built.manifest;
        if (manifest.digest == draft_.top.descriptor.digest) continue;
        client_.push_manifest(by_digest(name, manifest.digest), manifest.media_type,
                              image.built.manifest_json, stop);
      }
    }
    auto target = name;
    target.digest.reset();
    if (target.tag.empty()) target = by_digest(target, draft_.top.descriptor.digest);
    client_.push_manifest(target, draft_.top.descriptor.media_type, draft_.top.bytes, stop);
  }

 private:
  void push_blobs(const image::Reference& name, const std::stop_token& stop) {
    std::vector<Task> tasks;
    std::set<base::Digest> seen;
    for (const auto& image : draft_.images) {
      const auto& layers = image.built.layers;
      for (std::size_t i = 0; i < layers.size(); ++i) {
        const auto& blob = *layers[i].blob;
        if (!seen.insert(blob.digest).second) continue;
        const auto& from = i < image.base_layers ? image.new_base : draft_.source;
        tasks.push_back([&, name](std::stop_token task_stop) {
          blobs_.copy(blob, from, name, std::move(task_stop));
        });
      }
      tasks.push_back([&, name](std::stop_token task_stop) {
        const auto open = [&]() -> std::unique_ptr<base::ByteSource> {
          return std::make_unique<base::StringSource>(image.built.config_json);
        };
        blobs_.count(
            client_.push_blob(name, image.built.config, open, {}, {}, std::move(task_stop)));
      });
    }
    run_parallel(std::move(tasks), BlobCopier::kMaxCopies, stop);
  }

  registry::RegistryClient& client_;
  const RebaseDraft& draft_;
  BlobCopier& blobs_;
  std::set<std::string> pushed_;  // repositories
};

}  // namespace

RebaseDraft draft_rebase(registry::RegistryClient& client, const RebaseRequest& request,
                         std::stop_token stop) {
  return Drafter(client, request, std::move(stop)).draft();
}

CopyResult push_rebase(registry::RegistryClient& client, const RebaseDraft& draft,
                       const std::vector<image::Reference>& names, builder::VertexId vertex,
                       builder::EventSink& events, std::stop_token stop) {
  BlobCopier blobs(client, vertex, events);
  Pusher pusher(client, draft, blobs);
  for (const auto& name : names) pusher.push(name, stop);
  return blobs.result(draft.top.descriptor);
}

}  // namespace ibuild::remote
