#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "image/descriptor.h"

namespace ibuild::image {

/// OCI image manifest or Docker schema 2. See: image-spec/manifest.md.
struct Manifest {
  std::string media_type;
  std::string artifact_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  std::optional<Descriptor> subject;
  Annotations annotations;
};

/// OCI image index or Docker manifest list. See: image-spec/image-index.md.
struct Index {
  std::string media_type;
  std::string artifact_type;
  std::vector<Descriptor> manifests;
  std::optional<Descriptor> subject;
  Annotations annotations;
};

/// A manifest larger than this is refused (registries must take 4 MiB; see distribution-spec
/// "Pushing Manifests").
inline constexpr std::size_t kMaxManifestBytes = 16 << 20;

/// Reads what a registry or a layout holds. `media_type` (Content-Type or descriptor) may be empty;
/// the document's own field and its shape decide then, and a contradiction is refused (image-spec:
/// a document that is both is an attack). Throws: base::ContentError naming the field. Docker
/// schema 1 is refused by name.
std::variant<Manifest, Index> parse_manifest_or_index(std::string_view json,
                                                      std::string_view media_type = {});
Manifest parse_manifest(std::string_view json, std::string_view media_type = {});
Index parse_index(std::string_view json, std::string_view media_type = {});

/// Canonical JSON: fixed key order as Go's structs of the image-spec have it, no blanks. Same
/// value, same bytes.
std::string to_json(const Manifest& manifest);
std::string to_json(const Index& index);
std::string to_json(const Descriptor& descriptor);
Descriptor parse_descriptor(std::string_view json);

}  // namespace ibuild::image
