#include "builder/remote/remote_documents.h"

#include <utility>

#include "base/error.h"
#include "builder/remote/base_image.h"
#include "image/media_types.h"

namespace ibuild::remote {

image::Reference by_digest(image::Reference reference, const base::Digest& digest) {
  reference.tag.clear();
  reference.digest = digest;
  return reference;
}

DocumentReader read_from_registry(registry::RegistryClient& client,
                                  const image::Reference& repository, std::stop_token stop) {
  return [&client, &repository,
          stop = std::move(stop)](const image::Descriptor& document) -> std::optional<std::string> {
    if (image::media_type::is_manifest(document.media_type) ||
        image::media_type::is_index(document.media_type)) {
      return client.fetch_manifest(by_digest(repository, document.digest), stop).bytes;
    }
    if (document.size_bytes > kMaxConfigBytes) {
      throw base::ContentError("config " + document.digest.str() + ": larger than " +
                               std::to_string(kMaxConfigBytes) + " bytes");
    }
    base::StringSink sink;
    client.fetch_blob(repository, document, sink, {}, stop);
    return sink.take();
  };
}

}  // namespace ibuild::remote
