#include "builder/remote/stored_attestations.h"

#include <optional>
#include <string>
#include <variant>

#include "builder/attest/attestation_manifest.h"
#include "builder/remote/find_statements.h"
#include "image/manifest.h"

namespace ibuild::remote {

namespace {

std::optional<builder::BuiltAttestations> try_read(const ImageLoader& loader,
                                                   const image::Descriptor& entry) {
  auto text = loader.read_stored(entry);
  if (!text) return std::nullopt;
  const auto manifest = image::parse_manifest(*text, entry.media_type);
  auto blobs = manifest.layers;
  blobs.push_back(manifest.config);
  builder::BuiltAttestations said{.manifest = {entry, *std::move(text)}, .blobs = {}};
  const auto& content = loader.store().content();
  for (const auto& blob : blobs) {
    if (blob.size_bytes > kMaxStatementBytes || !content.has(blob.digest)) return std::nullopt;
    said.blobs.push_back({blob, content.read(blob.digest, kMaxStatementBytes)});
  }
  return said;
}

}  // namespace

std::vector<builder::BuiltAttestations> stored_attestations(const ImageLoader& loader,
                                                            const image::Descriptor& top) {
  const auto text = loader.read_stored(top);
  if (!text) return {};
  const auto document = image::parse_manifest_or_index(*text, top.media_type);
  const auto* index = std::get_if<image::Index>(&document);
  if (index == nullptr) return {};
  std::vector<builder::BuiltAttestations> list;
  for (const auto& entry : index->manifests) {
    if (!builder::is_attestation(entry)) continue;
    if (auto said = try_read(loader, entry)) list.push_back(*std::move(said));
  }
  return list;
}

}  // namespace ibuild::remote
