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

PushPlan plan_one_platform(const ImageLoader& loader, const PushRequest& request) {
  const DocumentReader read = [&](const auto& document) { return loader.read_stored(document); };
  const auto chosen = choose_manifest(request.source, request.platform, read);
  Planner planner(loader);
  if (!chosen || !planner.add(chosen->descriptor)) {
    base::Error error("the store lacks the manifest or config of " + request.source.digest.str() +
                      " for " + request.platform.str());
    error.set_hint("`ibuild pull` fetches what is missing");
    throw error;
  }
  return planner.take();
}

}  // namespace

PushResult push_stored(const ImageLoader& loader, const PushRequest& request,
                       builder::VertexId vertex, builder::EventSink& events, std::stop_token stop) {
  PushResult result;
  Planner planner(loader);
  result.whole_index = planner.add(request.source);
  const auto plan = result.whole_index ? planner.take() : plan_one_platform(loader, request);

  ImageUploader uploader(loader, vertex, events, std::move(stop));
  uploader.push_blobs(request.destination, plan.blobs);
  for (std::size_t i = 0; i < plan.documents.size(); ++i) {
    const auto& document = plan.documents[i];
    auto reference = request.destination;
    if (i + 1 < plan.documents.size()) {
      reference.tag.clear();
      reference.digest = document.descriptor.digest;
    }
    uploader.push_manifest(reference, document.descriptor, document.bytes);
  }
  result.pushed = plan.documents.back().descriptor;
  return result;
}

}  // namespace ibuild::remote
