#include "builder/remote/pull.h"

#include <set>
#include <vector>

#include "base/error.h"
#include "builder/remote/blob_transfer.h"
#include "builder/remote/parallel.h"

namespace ibuild::remote {

std::size_t fetch_missing_blobs(const ImageLoader& loader, const builder::BaseImage& image,
                                builder::VertexId vertex, builder::EventSink& events,
                                std::stop_token stop) {
  std::vector<Task> tasks;
  std::set<base::Digest> seen;
  for (const auto& layer : image.layers) {
    if (!seen.insert(layer.blob->digest).second) continue;
    if (loader.store().content().has_exact(layer.blob->digest, layer.blob->size_bytes)) continue;
    tasks.push_back([&loader, &layer, &events, vertex](std::stop_token task_stop) {
      fetch_into_store(loader.store().content(), *layer.blob, layer.provider.get(), vertex, events,
                       std::move(task_stop));
    });
  }
  const std::size_t count = tasks.size();
  run_parallel(std::move(tasks), kMaxTransfers, std::move(stop));
  return count;
}

PullResult pull_image(const ImageLoader& loader, const image::Reference& asked,
                      const image::Platform& platform, builder::VertexId vertex,
                      builder::EventSink& events, std::stop_token stop) {
  const auto reference = image::with_default_tag(asked);
  const auto top = loader.refresh_top(reference, stop);
  if (!top) {
    base::Error error("the registry has no image " + reference.str());
    error.set_hint(
        "check the spelling of the name and the tag; a private image may need `ibuild login`");
    throw error;
  }
  PullResult result{.top = *top, .image = loader.load_remote(reference, *top, platform, stop)};
  result.fetched_blobs = fetch_missing_blobs(loader, result.image, vertex, events, stop);
  if (!reference.digest) loader.store().images().tag(reference, *top);
  return result;
}

}  // namespace ibuild::remote
