#include "builder/remote/find_statements.h"

#include <variant>

#include "base/error.h"
#include "builder/attest/attestation_manifest.h"
#include "image/manifest.h"

namespace ibuild::remote {

namespace {

namespace attestation_type = builder::attestation_type;

bool is_about(const image::Descriptor& entry, const base::Digest& image) {
  const auto found = entry.annotations.find(attestation_type::kReferenceDigest);
  return found != entry.annotations.end() && found->second == image.str();
}

bool is_wanted(const image::Descriptor& layer, std::string_view predicate_type) {
  const auto found = layer.annotations.find(attestation_type::kPredicateType);
  return layer.media_type == attestation_type::kStatement && found != layer.annotations.end() &&
         found->second.starts_with(predicate_type);
}

template <typename Reader>
std::string must_read(const Reader& read, const image::Descriptor& document) {
  auto text = read(document);
  if (text) return *std::move(text);
  base::Error error("the image's attestations are not all there: " + document.digest.str() +
                    " is missing");
  error.set_hint("`ibuild inspect --remote` reads them from the registry");
  throw error;
}

}  // namespace

std::vector<std::string> find_statements(const StatementQuery& query, const DocumentReader& read,
                                         const BlobReader& read_blob) {
  std::vector<std::string> found;
  const auto top = image::parse_manifest_or_index(must_read(read, query.top), query.top.media_type);
  const auto* index = std::get_if<image::Index>(&top);
  if (index == nullptr) return found;
  for (const auto& entry : index->manifests) {
    if (!builder::is_attestation(entry) || !is_about(entry, query.image)) continue;
    const auto manifest = image::parse_manifest(must_read(read, entry), entry.media_type);
    for (const auto& layer : manifest.layers) {
      if (!is_wanted(layer, query.predicate_type)) continue;
      if (layer.size_bytes > kMaxStatementBytes)
        throw base::ContentError("statement " + layer.digest.str() + ": larger than " +
                                 std::to_string(kMaxStatementBytes) + " bytes");
      found.push_back(must_read(read_blob, layer));
    }
  }
  return found;
}

}  // namespace ibuild::remote
