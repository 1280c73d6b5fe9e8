#include "builder/remote/push_stored.h"

#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "builder/remote/image_uploader.h"
#include "builder/remote/manifest_choice.h"
#include "image/manifest.h"
#include "image/media_types.h"

namespace ibuild::remote {

namespace {

struct Document {
  image::Descriptor descriptor;
  std::string bytes;
};

/// An image laid out for pushing: what must be there before what.
struct PushPlan {
  std::vector<UploadBlob> blobs;
  std::vector<Document> documents;  // children before parents; the last one is the top
};

class Planner {
 public:
  explicit Planner(const ImageLoader& loader) : loader_(loader) {}

  /// False when a document is not in the store.
  bool add(const image::Descriptor& document, int depth = 0) {
    if (depth > kMaxIndexDepth) throw base::ContentError("image indexes are nested too deep");
    auto bytes = loader_.read_stored(document);
    if (!bytes) return false;
    const auto parsed = image::parse_manifest_or_index(*bytes, document.media_type);
    image::Descriptor descriptor = document;
    descriptor.size_bytes = bytes->size();
    if (const auto* manifest = std::get_if<image::Manifest>(&parsed)) {
      descriptor.media_type = manifest->media_type;
      if (!loader_.store().content().has(manifest->config.digest)) return false;
      add_blobs(*manifest);
    } else {
      const auto& index = std::get<image::Index>(parsed);
      descriptor.media_type = index.media_type;
      for (const auto& entry : index.manifests) {
        if (!add(entry, depth + 1)) return false;
      }
    }
    plan_.documents.push_back({std::move(descriptor), *std::move(bytes)});
    return true;
  }
  PushPlan take() { return std::move(plan_); }

 private:
  void add_blobs(const image::Manifest& manifest) {
    for (const auto& layer : manifest.layers)
      plan_.blobs.push_back({.descriptor = layer, .provider = {}});
    plan_.blobs.push_back({.descriptor = manifest.config, .provider = {}});
  }

  const ImageLoader& loader_;
  PushPlan plan_;
};

[[noreturn]] void throw_nothing_there(const PushRequest& request) {
  base::Error error("the store lacks the manifest or config of " + request.source.digest.str() +
                    (request.platform ? " for " + request.platform->str() : ""));
  error.set_hint("`ibuild pull` fetches what is missing");
  throw error;
}

/// The index of those images that are there.
Document index_of(const std::vector<PlatformManifest>& images, std::string_view media_type) {
  image::Index index;
  index.media_type = media_type == image::media_type::kDockerList ? image::media_type::kDockerList
                                                                  : image::media_type::kOciIndex;
  for (const auto& image : images) index.manifests.push_back(image.descriptor);
  Document document;
  document.bytes = image::to_json(index);
  document.descriptor = image::describe_bytes(index.media_type, document.bytes);
  return document;
}

PushPlan plan_one(const ImageLoader& loader, const PushRequest& request) {
  const DocumentReader read = [&](const auto& document) { return loader.read_stored(document); };
  const auto chosen = choose_manifest(request.source, *request.platform, read);
  Planner planner(loader);
  if (!chosen || !planner.add(chosen->descriptor)) throw_nothing_there(request);
  return planner.take();
}

PushPlan plan_what_is_there(const ImageLoader& loader, const PushRequest& request,
                            std::vector<std::string>& parts) {
  const DocumentReader read = [&](const auto& document) { return loader.read_stored(document); };
  Planner planner(loader);
  std::vector<PlatformManifest> there;
  for (const auto& image : list_manifests(request.source, read)) {
    if (!planner.add(image.descriptor)) continue;
    there.push_back(image);
    parts.push_back(image.platform.str());
  }
  if (there.empty()) throw_nothing_there(request);
  auto plan = planner.take();
  if (there.size() > 1) plan.documents.push_back(index_of(there, request.source.media_type));
  return plan;
}

PushPlan plan_push(const ImageLoader& loader, const PushRequest& request,
                   std::vector<std::string>& parts) {
  if (request.platform) return plan_one(loader, request);
  Planner planner(loader);
  if (planner.add(request.source)) return planner.take();
  return plan_what_is_there(loader, request, parts);
}

}  // namespace

PushResult push_stored(const ImageLoader& loader, const PushRequest& request,
                       builder::VertexId vertex, builder::EventSink& events, std::stop_token stop) {
  PushResult result;
  const auto plan = plan_push(loader, request, result.parts);
  result.pushed = plan.documents.back().descriptor;

  UploadImage image{.blobs = plan.blobs, .documents = {}};
  for (const auto& document : plan.documents)
    image.documents.push_back({document.descriptor, document.bytes});
  ImageUploader uploader(loader, vertex, events, std::move(stop));
  uploader.push(request.destination, image, ImageUploader::Documents::ask);
  return result;
}

}  // namespace ibuild::remote
